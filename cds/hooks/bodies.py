"""Receiving a body: what it is said to be, and no more of it than the limit."""

from __future__ import annotations

from starlette.types import Receive

from cds.errors import BodyTooLarge, WrongMediaType

__all__ = ["Disconnected", "check_media_type", "receive_body"]


class Disconnected(Exception):  # noqa: N818 - it is what happened
    """The caller left before its request was complete: there is nobody to answer."""


def check_media_type(content_type: str, content_encoding: str = "") -> None:
    """Only JSON (`application/json` or any `…+json`), in UTF-8, not compressed. Raises WrongMediaType."""
    kind, *parameters = content_type.lower().split(";")
    kind = kind.strip()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise WrongMediaType("the content type must be application/json")
    if not all(_is_utf8(parameter) for parameter in parameters):
        raise WrongMediaType("the character set must be UTF-8")
    if content_encoding.strip().lower() not in ("", "identity"):
        raise WrongMediaType("the body must not be compressed")


def _is_utf8(parameter: str) -> bool:
    name, _, value = parameter.strip().partition("=")
    return name != "charset" or value.strip('"') in ("utf-8", "utf8", "us-ascii")


async def receive_body(receive: Receive, limit: int, declared: str = "") -> bytes:
    """The whole body; reading stops where it exceeds `limit` bytes. `declared` is the Content-Length, "" without one.

    Raises BodyTooLarge, Disconnected.
    """
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLarge(limit)
    size = 0
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)
