"""Sees every call out: what is to be remembered of it is handed on before its answer leaves, what is counted after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.errors import Unexpected
from cds.hooks.calls import SEEN, Seen

__all__ = ["Finished", "Told", "Witness"]

_LOG = logging.getLogger(__name__)


class Finished(NamedTuple):
    """What became of one call."""

    seen: Seen | None
    """None where the path names no service."""
    status: int
    seconds: float


Told = Callable[[Finished], None]


class Witness:
    """Tells of every call: each of `before`, while nothing of its answer has left but the status; each of `after`, when
    everything has.

    Who answers first and writes down afterwards can be killed in between: whoever was answered may run before the next line.
    """

    def __init__(self, app: ASGIApp, before: Sequence[Told] = (), after: Sequence[Told] = ()) -> None:
        self.app = app
        self._before = before
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = Unexpected.status
        answered = False

        def finished() -> Finished:
            return Finished(scope.get(SEEN), status, perf_counter() - started)

        async def watched(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
            elif not answered:
                answered = True
                _tell(self._before, finished())
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            call = finished()
            if not answered:  # whoever stands outside answers for what failed here
                _tell(self._before, call)
            _tell(self._after, call)


def _tell(those: Iterable[Told], call: Finished) -> None:
    for told in those:
        try:
            told(call)
        except Exception as error:  # noqa: BLE001 - the answer goes on; its words may quote the patient
            _LOG.error("%s while a call was seen out", type(error).__name__)
