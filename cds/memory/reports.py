"""How cards fare: per client and card, how often shown, accepted, dismissed and why, kept silent, and how soon dealt with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.engine import RowMapping

from cds.memory.store import Store
from cds.memory.tables import answers, cards, feedback, silences

__all__ = ["Fate", "report"]


@dataclass(slots=True)
class Fate:
    """Of one card at one client."""

    client: str
    card: str
    rule: str
    shown: int = 0
    accepted: int = 0
    overridden: Counter[str] = field(default_factory=Counter)
    """By reason; "" is none."""
    suppressed: int = 0
    seconds: list[float] = field(default_factory=list)
    """Between the answer and what a clinician did."""

    @property
    def median_seconds(self) -> float | None:
        return median(self.seconds) if self.seconds else None

    @property
    def row(self) -> Mapping[str, Any]:
        """As JSON."""
        return {
            "client": self.client,
            "card": self.card,
            "rule": self.rule,
            "shown": self.shown,
            "accepted": self.accepted,
            "overridden": {reason or "without-reason": count for reason, count in sorted(self.overridden.items())},
            "suppressed": self.suppressed,
            "medianSecondsToAct": self.median_seconds,
        }


async def report(store: Store, since: int = 0) -> list[Fate]:
    """Of every card that was sent or kept silent since (milliseconds). A card counts with what was done with it last.

    Raises StoreUnavailable.
    """
    fates: dict[tuple[str, str, str], Fate] = {}

    def fate(row: RowMapping) -> Fate:
        key = (row["client"], row["card"], row["rule"])
        return fates.setdefault(key, Fate(*key))

    for row in await store.rows(_counted(cards, since)):
        fate(row).shown = row["times"]
    for row in await store.rows(_counted(silences, since)):
        fate(row).suppressed = row["times"]
    for row in _last(await store.rows(_dealt(since))):
        dealt = fate(row)
        if row["outcome"] == "accepted":
            dealt.accepted += 1
        else:
            dealt.overridden[row["reason"]] += 1
        dealt.seconds.append(max(0, row["at"] - row["shown"]) / 1000)
    return sorted(fates.values(), key=lambda each: (each.client, -each.shown, each.card, each.rule))


def _counted(table: Any, since: int) -> Select[Any]:
    """How often each card stands in `table`."""
    return (
        select(answers.c.client, table.c.card, table.c.rule, func.count().label("times"))
        .join_from(table, answers, table.c.answer == answers.c.id)
        .where(answers.c.at >= since)
        .group_by(answers.c.client, table.c.card, table.c.rule)
    )


def _dealt(since: int) -> Select[Any]:
    return (
        select(
            answers.c.client,
            cards.c.card,
            cards.c.rule,
            cards.c.uuid,
            answers.c.at.label("shown"),
            feedback.c.outcome,
            feedback.c.reason,
            feedback.c.at,
        )
        .join_from(feedback, cards, feedback.c.card == cards.c.uuid)
        .join(answers, and_(answers.c.id == cards.c.answer, answers.c.client == feedback.c.client))
        .where(answers.c.at >= since)
        .order_by(feedback.c.at, feedback.c.received, feedback.c.id)
    )


def _last(rows: Iterable[RowMapping]) -> Iterable[RowMapping]:
    """Of each card the last row."""
    return {row["uuid"]: row for row in rows}.values()
