"""Where the key set of a client is read: inline, in a file, or at the URL that the site configured (S3)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from cds.errors import OK
from cds.trust.addresses import is_loopback
from cds.trust.clients import Client
from cds.trust.keyring import Source, Unavailable
from cds.trust.outgoing import AddressGuard, Network, networks

__all__ = ["source_of"]

_LARGEST: Final = 256 * 1024
_DEADLINE: Final = aiohttp.ClientTimeout(total=5)
_LOOPBACK: Final = networks(("127.0.0.0/8", "::1"))


def source_of(client: Client, private: tuple[Network, ...]) -> Source:
    """Inline keys before those of the file, those before the URL.

    `private` are the addresses beyond the public internet at which a URL may lead.
    """
    if client.jwks is not None:
        written = client.jwks

        async def inline() -> object:
            return written

        return inline
    if client.jwks_file is not None:
        file = client.jwks_file
        return lambda: asyncio.to_thread(_in_file, file)
    guard = _guard(client.jku, private)
    return lambda: _at(client.jku, guard)


def _in_file(file: Path) -> object:
    try:
        with file.open("rb") as opened:
            return _decoded(opened.read(_LARGEST + 1))
    except OSError as error:
        raise Unavailable(type(error).__name__) from None


def _guard(url: str, private: tuple[Network, ...]) -> AddressGuard:
    """A URL of this machine was written so by the site, and leads nowhere else."""
    if is_loopback(urlsplit(url).hostname or ""):
        return AddressGuard(_LOOPBACK, only_named=True)
    return AddressGuard(private)


async def _at(url: str, guard: AddressGuard) -> object:
    """One GET without redirects, proxies or cookies, of limited size and time."""
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=guard.socket),
                timeout=_DEADLINE,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                auto_decompress=False,  # what is small on the wire stays small
            ) as session,
            session.get(url, allow_redirects=False) as reply,
        ):
            if reply.status != OK:
                raise Unavailable("the key server refused")
            return _decoded(await _limited(reply.content))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unavailable(type(error).__name__) from None


async def _limited(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for piece in content.iter_chunked(65_536):
        body += piece
        if len(body) > _LARGEST:
            break
    return bytes(body)


def _decoded(body: bytes) -> object:
    if len(body) > _LARGEST:
        raise Unavailable("the key set is too large")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise Unavailable("the key set is not JSON") from None
