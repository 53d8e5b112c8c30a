"""What other processes and machines know of patients, brought into the index of this one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from sqlalchemy import select

from cds.errors import StoreUnavailable
from cds.memory.feedback import dealt_with, settle
from cds.memory.records import ShownCard
from cds.memory.store import Store
from cds.memory.suppression import DAY, Index
from cds.memory.tables import answers, cards

__all__ = ["REFRESH", "RELOAD", "Refreshing", "Shown", "shown_between"]

REFRESH = 5.0
"""Seconds after which what another process was told is known here."""
RELOAD = 600.0
"""Seconds after which everything is read again, whatever the clocks of other machines say."""

_OVERLAP = 60_000
"""Milliseconds by which clocks of machines may differ between two reloads."""
_MOST = 200_000
"""Cards that an index is filled with; the newest."""


class Shown(NamedTuple):
    """A card that was shown to the clinicians of a patient, at a time in milliseconds."""

    patient: str
    at: int
    card: ShownCard


class Refreshing:
    """Brings what other processes and machines were told into the index; what they showed, where a site limits it."""

    def __init__(self, store: Store, index: Index, now: Callable[[], int]) -> None:
        self._store = store
        self._index = index
        self._now = now
        self._settled = self._shown = 0
        self._rounds = 0

    async def run(self) -> None:
        """Once. A store that is down is passed over: the drain says so."""
        whole = self._rounds % int(RELOAD / REFRESH) == 0
        try:
            await self._dealt(whole)
            if self._index.policy.times:
                await self._shown_today(whole)
        except StoreUnavailable:
            return
        self._rounds += 1

    async def _dealt(self, whole: bool) -> None:
        now = self._now()
        await settle(self._store, now)
        since = 0 if whole else self._settled - _OVERLAP
        dealt, self._settled = await dealt_with(self._store, now, self._index.policy.longest, since)
        self._index.deal(dealt)

    async def _shown_today(self, whole: bool) -> None:
        today = self._now() // DAY * DAY
        since = today if whole else max(today, self._shown - _OVERLAP)
        found = await shown_between(self._store, since, today + DAY, self._index.policy.times)
        self._shown = max((each.at for each in found), default=self._shown)
        for each in found:
            self._index.show(each.patient, [each.card], each.at)


async def shown_between(store: Store, since: int, until: int, names: Collection[str]) -> list[Shown]:
    """The cards of these `names` that were shown since then, and before `until` (milliseconds), the oldest first.

    Raises StoreUnavailable.
    """
    wanted = (
        select(answers.c.patient, answers.c.at, cards.c.uuid, cards.c.card, cards.c.indicator, cards.c.evidence)
        .join_from(answers, cards, cards.c.answer == answers.c.id)
        .where(answers.c.at >= since, answers.c.at < until, cards.c.card.in_(sorted(names)))
        .order_by(answers.c.at.desc())
        .limit(_MOST)
    )
    return [
        Shown(row["patient"], row["at"], ShownCard(row["uuid"], row["card"], "", row["indicator"], row["evidence"]))
        for row in reversed(await store.rows(wanted))
    ]
