"""Cross-origin calls from a browser (S8): without these headers a browser client silently lists no service."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.errors import OK

__all__ = ["CrossOrigin"]

_METHODS = b"GET, POST"
_HEADERS = b"Authorization, Content-Type"
_SECONDS = b"600"


class CrossOrigin:
    """Lets the configured origins read what lies under `path`, preflight included; "*" is every origin.

    An origin that is not configured is answered like any other caller: it is the browser that hides the answer.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], path: str) -> None:
        self.app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        granted = self._granted(headers.get(b"origin", b""))
        if granted and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(granted, send)
            return

        async def send_granted(message: Message) -> None:
            if granted and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *granted]
            await send(message)

        await self.app(scope, receive, send_granted)

    def _granted(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        if not origin or (origin not in self._origins and b"*" not in self._origins):
            return []
        return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]


async def _preflight(granted: list[tuple[bytes, bytes]], send: Send) -> None:
    allowed = [
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _HEADERS),
        (b"access-control-max-age", _SECONDS),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": OK, "headers": granted + allowed})
    await send({"type": "http.response.body", "body": b""})
