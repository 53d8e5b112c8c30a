"""Sees every call out: after an answer has left, what is to be remembered of it is handed on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.errors import Unexpected
from cds.hooks.calls import SEEN, Seen

__all__ = ["Finished", "Witness"]

_LOG = logging.getLogger(__name__)


class Finished(NamedTuple):
    """One call that is over."""

    seen: Seen | None
    """None where the path names no service."""
    status: int
    seconds: float


class Witness:
    """Tells each of `told` of every call, in the same turn of the event loop in which its answer leaves."""

    def __init__(self, app: ASGIApp, told: Sequence[Callable[[Finished], None]]) -> None:
        self.app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = Unexpected.status

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            call = Finished(scope.get(SEEN), status, perf_counter() - started)
            for told in self._told:
                try:
                    told(call)
                except Exception as error:  # noqa: BLE001 - the answer has left; its words may quote the patient
                    _LOG.error("%s while a call was seen out", type(error).__name__)
