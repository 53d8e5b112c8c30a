"""The pooled connections of this process to FHIR servers, each looked at by the guard when it is made (S9)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from importlib.metadata import version
from types import TracebackType
from typing import Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from cds.trust.outgoing import AddressGuard, Base, Network

__all__ = ["Connections"]

_EACH: Final = 64
"""Connections to one server. There is no limit in all: a server that hangs must not hold up the others."""
_IDLE: Final = 30.0
"""Seconds that an idle connection is kept."""
_HEADERS: Final = {
    "Accept": "application/fhir+json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"calcification-cds/{version('calcification-cds')}",
}


class Connections:
    """An async context: opened on the loop that uses them, closed with everything that is still on its way.

    No proxy, no cookie, no `.netrc`: nothing of the environment changes where a call goes or what it carries.
    """

    def __init__(self, private: Iterable[Network] = ()) -> None:
        """`private`: the addresses beyond the public internet that may be called, and the only ones without https."""
        private = tuple(private)
        self._guards = {"https": AddressGuard(private), "http": AddressGuard(private, only_named=True)}
        self._sessions: dict[bool, ClientSession] = {}
        self._closing = AsyncExitStack()

    @property
    def are_open(self) -> bool:
        return bool(self._sessions)

    def to(self, base: Base) -> ClientSession:
        """What speaks to `base`. Raises KeyError while they are not open."""
        return self._sessions[base.encrypted]

    async def __aenter__(self) -> Connections:
        for scheme, guard in self._guards.items():
            session = ClientSession(
                connector=TCPConnector(
                    limit=0, limit_per_host=_EACH, keepalive_timeout=_IDLE, socket_factory=guard.socket
                ),
                cookie_jar=DummyCookieJar(),
                headers=_HEADERS,
                auto_decompress=False,  # bombs: see exchange.py
                timeout=ClientTimeout(total=None, sock_connect=None),  # a budget stands around every call
                trust_env=False,
            )
            self._sessions[scheme == "https"] = await self._closing.enter_async_context(session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sessions.clear()
        await self._closing.aclose()
