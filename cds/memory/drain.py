"""From the journals to the store, in the background. A store that is down is waited for; nothing is sent twice into it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cds.errors import StoreUnavailable
from cds.memory import intake
from cds.memory.journal import Frames, Journal, frames, orphans
from cds.memory.records import Record
from cds.memory.store import Store

__all__ = ["Drain"]

_BATCH = 1 << 17
"""Bytes of one transaction: some hundred records, which keep the event loop for less than a millisecond."""
_RENEW = 1 << 20
"""A file that was taken wholly is begun anew from this size on."""
_REFUSED = ".refused"
_DECODE = msgspec.json.Decoder(Record).decode
_LOG = logging.getLogger(__name__)


class Drain:
    """Takes the journal of this process, and those of processes that are gone, into the store."""

    def __init__(self, journal: Journal, folder: Path, store: Store) -> None:
        self._journal = journal
        self._folder = folder
        self._store = store
        self._taken = 0
        self._down = False
        self._alone = asyncio.Lock()
        self.stored = 0
        """Records that this process has brought into the store, some perhaps again."""
        self.damaged = 0
        """Bytes of journals that were no record: torn by a process that was killed."""

    @property
    def depth(self) -> int:
        """Bytes of the journal of this process that are not in the store yet."""
        return self._journal.size - self._taken

    async def run(self) -> None:
        """Once, and never twice at a time. Leaves everything as it is when the store is down."""
        try:
            async with self._alone:
                await self._own()
                await self._orphans()
        except StoreUnavailable as error:
            if not self._down:
                _LOG.error("the store is unavailable, the journal is kept: %s", error.cause)
            self._down = True
        else:
            if self._down:
                _LOG.warning("the store is back, the journal is in it")
            self._down = False

    async def _own(self) -> None:
        while self._taken < self._journal.size:
            self._taken = await self._some(self._journal.read(self._taken, _BATCH))
        if self._taken >= _RENEW:
            self._journal.renew()
            self._taken = 0

    async def _orphans(self) -> None:
        for path, descriptor in orphans(self._folder):
            try:
                place, size = 0, os.fstat(descriptor).st_size
                while place < size:
                    place = await self._some(frames(descriptor, place, size, _BATCH))
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    async def _some(self, found: Frames) -> int:
        """Takes what was found; returns where the next record begins."""
        self.damaged += found.damaged
        records: list[Record] = []
        refused: list[tuple[bytes, str]] = []
        for each in found.records:
            try:
                records.append(_DECODE(each))
            except msgspec.MsgspecError as error:
                refused.append((each, type(error).__name__))
        if records:
            await self._take(records)
        for each, why in refused:  # only now: a store that is down is tried again with all of them
            await self._set_aside(each, why)
        return found.end

    async def _take(self, records: Sequence[Record]) -> None:
        try:
            await self._store_all(records)
        except StoreUnavailable:
            if not await self._store.answers():
                raise
            await self._one_by_one(records)

    async def _store_all(self, records: Sequence[Record]) -> None:
        async with self._store.transaction() as connection:
            await intake.take(connection, records)
        self.stored += len(records)

    async def _one_by_one(self, records: Sequence[Record]) -> None:
        """The store is there and refuses something."""
        for record in records:
            try:
                await self._store_all([record])
            except StoreUnavailable as error:
                if not await self._store.answers():
                    raise
                await self._set_aside(msgspec.json.encode(record), error.cause)

    async def _set_aside(self, record: bytes, why: str) -> None:
        """What nobody can store would keep back all that follows."""
        _LOG.critical("a record cannot be stored, it is set aside: %s", why)
        file_name = self._folder / f"records{_REFUSED}"
        with open(file_name, "ab", opener=_for_its_owner) as file:
            await asyncio.to_thread(file.write, record + b"\n")


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
