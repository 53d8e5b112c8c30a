"""One connection of a caller: uvicorn's, with an end to what may stand before and behind a body.

Its parser keeps a request line and headers of any length, and whoever reaches the port can send them: a few such callers
would take all memory. (A body has its own limit, `CDS_BODY_LIMIT`.)
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cds.errors import CdsError, HeadTooLarge, RequestError, answer

__all__ = ["LONGEST_HEAD", "Connection"]

LONGEST_HEAD = 65_536
"""Bytes of request line and headers, or of trailers, that are taken: what a proxy takes, and eight tokens."""


class Connection(HttpToolsProtocol):
    """A connection that is closed on whoever sends too much that is no body, or no HTTP."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._pending = 0
        """Bytes since a request ended, or a piece of its body was read."""

    def data_received(self, data: bytes) -> None:
        self._pending += len(data)
        super().data_received(data)
        if self._pending > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(HeadTooLarge(LONGEST_HEAD))

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._pending = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """In the one shape of all errors (R8)."""
        del msg
        self._refuse(RequestError("this is no HTTP request that can be read"))

    def _refuse(self, error: CdsError) -> None:
        if self.cycle is None or self.cycle.response_complete:
            status, body, headers = answer(error)
            lines = [f"HTTP/1.1 {status} ", "connection: close"]
            lines += [f"{name}: {value}" for name, value in {**headers, "content-length": len(body)}.items()]
            self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()
