"""Figures for Prometheus. Never about a patient: labels are names of services, clients, cards, keys and errors.

With several workers the library keeps the figures in files that all of them share (`cds.commands.starting`), so that any worker tells
the figures of all.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds.errors import NoSuchResource
from cds.memory.memory import Memory
from cds.memory.records import silent_cards
from cds.operations.witness import Finished

__all__ = ["MEDIA_TYPE", "Metrics"]

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Every figure, with a registry of its own."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._registry = CollectorRegistry()
        self._memory = memory
        self._known: dict[tuple[Counter | Histogram, tuple[str, ...]], Any] = {}
        self._states: dict[tuple[tuple[str, str], ...], int] = {}
        """How often the keys of a call had these states, since that was last taken down: most calls are alike."""

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=self._registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")

        self.calls = Histogram(
            "cds_call_seconds", "Calls of services", ("service", "outcome"), buckets=_SECONDS, registry=self._registry
        )
        self.prefetch = counter("cds_prefetch", "Prefetch keys by their state", "key", "state")
        self.shown = counter("cds_cards_shown", "Cards that were sent", "client", "card")
        self.silent = counter("cds_cards_suppressed", "Cards that were not shown again", "client", "card", "reason")
        self.feedback = counter("cds_feedback_items", "Items of feedback that were kept", "client")
        self.jwt_refused = counter("cds_jwt_refused", "Tokens of clients that were refused", "reason")
        self.fetch_errors = counter("cds_fhir_fetch_errors", "Reads of FHIR servers that failed", "reason")
        self.journal_bytes = gauge("cds_journal_bytes", "Bytes of the journal that are not in the store yet")
        self.journal_waiting = gauge("cds_journal_waiting_records", "Records that the disk did not take yet")
        self.journal_lost = gauge("cds_journal_lost_records", "Records that were lost since the start")
        self.store_up = gauge("cds_stores_up", "Processes that reach the store")

    def told(self, call: Finished) -> None:
        """Count a call that is over. What names no service is counted as one."""
        seen = call.seen
        service, outcome = (seen.service.id, seen.outcome) if seen else ("", str(call.status))
        self._of(self.calls, (service, outcome)).observe(call.seconds)
        if seen is None:
            return
        if seen.outcome == "answered" and seen.feedback:
            self.feedback.labels(seen.caller.name).inc(seen.feedback)
        if seen.answer is not None:
            states = tuple(seen.answer.prefetch.items())
            self._states[states] = self._states.get(states, 0) + 1
            for reason in seen.answer.failures:
                self._of(self.fetch_errors, (reason,)).inc()
            client = seen.caller.name
            for shown in seen.answer.response.cards:
                topic = shown.source.topic
                self._of(self.shown, (client, topic.code if topic else "")).inc()
            for silent in silent_cards(seen.answer.response):
                self._of(self.silent, (client, silent.card, silent.reason)).inc()

    def refused(self, reason: str, client: str) -> None:
        """Count a call that was turned away. Whom it claims to come from is no label: anybody can claim anything."""
        del client
        self._of(self.jwt_refused, (reason,)).inc()

    def _of(self, figure: Counter | Histogram, labels: tuple[str, ...]) -> Any:
        """The library looks a label up in as long as a card takes to be remembered."""
        found = self._known.get((figure, labels))
        if found is None:
            found = self._known[figure, labels] = figure.labels(*map(str, labels))
        return found

    def text(self) -> bytes:
        """All figures, of all processes, in the format of Prometheus."""
        self.look()
        if _SHARED not in os.environ:
            return generate_latest(self._registry)
        all_processes = CollectorRegistry()
        MultiProcessCollector(all_processes)  # type: ignore[no-untyped-call]
        return generate_latest(all_processes)

    def look(self) -> None:
        """Take down what was counted aside, and how the memory of this process is."""
        for states, times in self._states.items():
            for key_and_state in states:
                self._of(self.prefetch, key_and_state).inc(times)
        self._states.clear()
        running = self._memory.running if self._memory else None
        if running is not None:
            self.journal_bytes.set(running.drain.depth)
            self.journal_waiting.set(running.journal.waiting)
            self.journal_lost.set(running.journal.lost)
            self.store_up.set(running.store.up)

    def route(self, token: str) -> Route:
        """`GET /metrics` for whoever has the token; for anybody else there is nothing."""
        return Route("/metrics", _told_to(token, self.text), methods=["GET"])


def _told_to(token: str, text: Callable[[], bytes]) -> Callable[[Request], Awaitable[Response]]:
    expected = f"Bearer {token}".encode()

    async def metrics(request: Request) -> Response:
        if not compare_digest(request.headers.get("authorization", "").encode("latin-1"), expected):
            raise NoSuchResource
        return Response(text(), media_type=MEDIA_TYPE)

    return metrics
