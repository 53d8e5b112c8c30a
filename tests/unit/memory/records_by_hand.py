"""Records, feedback and stores for the tests of the memory."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from cds.hooks.models import Indicator
from cds.memory.records import Record, ShownCard, SilentCard
from cds.memory.store import Store, store_url

T = TypeVar("T")
DAY = 86_400_000
NOW = 20_000 * DAY

KEY = b"a key for tests"


def card(name: str = "C-PHPT", indicator: Indicator = "warning", evidence: str = "e1") -> ShownCard:
    return ShownCard(str(uuid.uuid4()), name, "MET-PHPT", indicator, evidence, (str(uuid.uuid4()),))


def a_record(
    *cards: ShownCard, patient: str = "p", client: str = "metz", at: int = NOW, silent: tuple[SilentCard, ...] = ()
) -> Record:
    return Record(
        id=str(uuid.uuid4()),
        at=at,
        client=client,
        service="soft-tissue-calcification",
        hook="patient-view",
        instance=str(uuid.uuid4()),
        patient=patient,
        knowledge="1+abc",
        duration=1500,
        outcome="answered",
        prefetch={"patient": "present", "conditions": "none"},
        cards=cards,
        silent=silent,
    )  # fmt: skip


encode = msgspec.json.Encoder().encode


def with_store(url: str, run: Callable[[Store], Awaitable[T]]) -> T:
    """What `run` makes of a store."""

    async def whole() -> T:
        store = Store(store_url(url, Path()))
        try:
            return await run(store)
        finally:
            await store.close()

    return asyncio.run(whole())
