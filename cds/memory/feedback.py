"""What clinicians did with cards: committed before it is acknowledged, once, all of it or nothing (F1 to F3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import CursorResult, Select, Table, and_, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from cds.hooks.feedback import Feedback
from cds.memory.pseudonyms import Pseudonyms
from cds.memory.records import milliseconds
from cds.memory.store import Store
from cds.memory.suppression import DAY, Dealt
from cds.memory.tables import answers, cards, feedback

__all__ = ["OTHER", "WORDS", "Keeper", "dealt_with", "settle"]

OTHER, WORDS = "other-code", "in-words"
"""Reasons that are none of ours: a code that no card of ours offers, or words only."""

_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""In the place of one that PostgreSQL stores in no text."""
_PATIENCE = 30 * DAY
"""How long the card of a feedback is looked for."""
_MOST = 200_000
"""Rows that an index is filled with; the newest."""


class Keeper:
    """Stores feedback. `reasons` are the codes that cards offer: anything else may hold words about a patient."""

    def __init__(self, store: Store, pseudonyms: Pseudonyms, reasons: Collection[str], *, comments: bool) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._reasons = frozenset(reasons)
        self._comments = comments

    async def keep(self, client: str, service: str, items: Sequence[Feedback], received: int) -> Sequence[Dealt]:
        """Commit `items`; returns those whose cards are known to be of this client. The same again changes nothing.

        Raises StoreUnavailable: then nothing was kept.
        """
        rows = sorted((self._row(client, service, each, received) for each in items), key=lambda row: str(row["id"]))
        if not rows:
            return []
        ids = [row["id"] for row in rows]
        async with self._store.transaction() as connection:
            await _add(connection, rows)
            await connection.execute(_settling(received).where(feedback.c.id.in_(ids)))
            found = await connection.execute(_dealt().where(feedback.c.id.in_(ids)))
            return [Dealt(*row) for row in found]

    def _row(self, client: str, service: str, item: Feedback, received: int) -> dict[str, Any]:
        at = received if item.at is None else milliseconds(item.at)
        said = "" if item.at is None else str(at)
        return {
            "id": self._pseudonyms.digest(
                client, item.card, item.outcome, said, item.system, item.code, item.comment, *item.suggestions
            ),
            "received": received,
            "settled": None,
            "client": client,
            "service": service,
            "card": item.card,
            "outcome": item.outcome,
            "at": min(at, received),  # the clock of a client may be ahead
            "reason": self._reason(item),
            "comment": item.comment.replace("\0", _NO_CHARACTER) if self._comments else "",
            "suggestions": list(item.suggestions),
        }

    def _reason(self, item: Feedback) -> str:
        if item.code:
            return item.code if item.code in self._reasons else OTHER
        return WORDS if item.comment else ""


async def settle(store: Store, now: int) -> int:
    """Feedback that came before its card did is no longer flagged once the card is there. Returns how many.

    Raises StoreUnavailable.
    """
    async with store.transaction() as connection:
        waiting = select(feedback.c.id).where(_unknown(now)).limit(1)
        if (await connection.execute(waiting)).first() is None:
            return 0
        done: CursorResult[Any] = await connection.execute(_settling(now).where(_unknown(now)))
        return done.rowcount


async def dealt_with(store: Store, now: int, days: int, settled_since: int = 0) -> tuple[list[Dealt], int]:
    """What clinicians dealt with in the last `days`, settled since then, and the newest time of settling.

    Raises StoreUnavailable.
    """
    wanted = (
        _dealt()
        .add_columns(feedback.c.settled)
        .where(feedback.c.settled >= settled_since, feedback.c.at >= now - days * DAY)
        .order_by(feedback.c.settled.desc())
        .limit(_MOST)
    )
    async with store.transaction() as connection:
        found = (await connection.execute(wanted)).all()
    newest = max((row[-1] for row in found), default=settled_since)
    return [Dealt(*row[:-1]) for row in reversed(found)], newest


def _dealt() -> Select[Any]:
    """The columns of Dealt, in their order."""
    return (
        select(
            answers.c.patient,
            cards.c.card,
            cards.c.evidence,
            cards.c.indicator,
            feedback.c.outcome,
            feedback.c.reason,
            feedback.c.at,
        )
        .join_from(feedback, cards, feedback.c.card == cards.c.uuid)
        .join(answers, and_(answers.c.id == cards.c.answer, answers.c.client == feedback.c.client))
    )


def _unknown(now: int) -> Any:
    return and_(feedback.c.settled.is_(None), feedback.c.received >= now - _PATIENCE)


def _settling(now: int) -> Any:
    """A card of the same client is known by its UUID; that of another client is none of its business."""
    known = exists().where(
        cards.c.uuid == feedback.c.card, answers.c.id == cards.c.answer, answers.c.client == feedback.c.client
    )
    return update(feedback).where(feedback.c.settled.is_(None), known).values(settled=now)


async def _add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    table: Table = feedback
    await connection.execute(insert(table).on_conflict_do_nothing(), list(rows))
