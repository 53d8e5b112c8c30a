"""The memory of one process: what it said goes into the journal, what clinicians did comes back as silence.

Made before the service forks, started by the event loop of each worker, stopped with it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from cds.cards.context import Before
from cds.errors import StateError, StoreUnavailable
from cds.hooks.feedback import Feedback
from cds.memory.drain import Drain
from cds.memory.feedback import Keeper
from cds.memory.journal import Journal
from cds.memory.pseudonyms import Pseudonyms, patient_key
from cds.memory.records import Record, milliseconds
from cds.memory.refreshing import REFRESH, Refreshing
from cds.memory.store import Store, store_url
from cds.memory.suppression import Index
from cds.reasoning.knowledge.suppression import Suppression

__all__ = ["Memory", "Site"]

FLUSH = 0.2
"""Seconds: what a machine that loses power may forget. A killed process forgets nothing."""
DRAIN = 1.0
"""Seconds between two journeys from the journal to the store."""
STOP = 5.0
"""Seconds that the last journey to the store may take; what stays in the journal is taken by the next start."""

_LOG = logging.getLogger(__name__)


class Site(NamedTuple):
    """What a site sets."""

    folder: Path
    """The state folder."""
    store: str = ""
    patient_key: str = ""
    keep_comments: bool = False


class Memory:
    """What was said, and what need not be said again."""

    def __init__(
        self, site: Site, policy: Suppression, reasons: Collection[str], clock: Callable[[], datetime]
    ) -> None:
        """`reasons` are the codes of override reasons that cards offer. Raises StateError."""
        try:
            site.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(f"the state folder cannot be made: {error.strerror}") from None
        self._folder = site.folder
        self._url = store_url(site.store, site.folder)
        self._pseudonyms = Pseudonyms(patient_key(site.patient_key, site.folder))
        self._comments = site.keep_comments
        self._reasons = frozenset(reasons)
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode
        self._running: _Running | None = None
        self.index = Index(policy)

    def patient(self, client: str, fhir_server: str, patient_id: str) -> str:
        """The pseudonym of a patient."""
        return self._pseudonyms.of(client, fhir_server, patient_id)

    def before(self, patient: str) -> Mapping[str, Before]:
        """What need not be shown again to the clinicians of `patient`, by evidence hash. Asks nobody."""
        return self.index.before(patient, self._now())

    def remember(self, record: Record) -> None:
        """Write an answer down, before it leaves. Never raises for want of a disk or a store."""
        self.index.show(record.patient, record.cards, record.at)
        if self._running is not None:
            self._running.journal.append(self._encode(record))

    async def keep(self, client: str, service: str, items: Sequence[Feedback]) -> None:
        """Commit feedback, then let it count. Raises StoreUnavailable: then nothing was kept."""
        if self._running is None:
            raise StoreUnavailable("the service is not running")
        self.index.deal(await self._running.keeper.keep(client, service, items, self._now()))

    async def start(self) -> None:
        """Open the journal and begin to carry it to the store. Raises StateError when there can be no journal."""
        try:
            journal = Journal(self._folder)
        except OSError as error:
            raise StateError(f"the journal cannot be opened in the state folder: {error.strerror}") from None
        store = Store(self._url)
        keeper = Keeper(store, self._pseudonyms, self._reasons, comments=self._comments)
        stopping = asyncio.Event()
        drain = Drain(journal, self._folder, store)
        refreshing = Refreshing(store, self.index, self._now)
        tasks = [
            asyncio.create_task(_every(FLUSH, journal.flush, stopping)),
            asyncio.create_task(_every(DRAIN, drain.run, stopping)),
            asyncio.create_task(_every(REFRESH, refreshing.run, stopping)),
        ]
        self._running = _Running(journal, store, keeper, drain, stopping, tasks)

    async def stop(self) -> None:
        """Carry what is left to the store, if it is there; what cannot be carried stays in the journal."""
        running, self._running = self._running, None
        if running is None:
            return
        running.stopping.set()
        try:
            async with asyncio.timeout(STOP):
                await asyncio.gather(*running.tasks)
                await running.drain.run()
        except TimeoutError:
            _LOG.warning("the store did not take the journal in time, the next start will bring it there")
        running.journal.close(taken=not running.drain.depth)
        await running.store.close()

    @property
    def running(self) -> _Running | None:
        """The parts, for whoever watches them; None before the start and after the stop."""
        return self._running

    def _now(self) -> int:
        return milliseconds(self._clock())


class _Running(NamedTuple):
    journal: Journal
    store: Store
    keeper: Keeper
    drain: Drain
    stopping: asyncio.Event
    tasks: Sequence[asyncio.Task[None]]


async def _every(seconds: float, run: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Run again and again until it is time to stop. Whatever goes wrong, the next time may be better."""
    while not stopping.is_set():
        try:
            await run()
        except Exception as error:  # noqa: BLE001 - memory fails alone, answers go on
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else ""
            _LOG.error("%s in the memory's background: %s", type(error).__name__, reason)
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            continue
