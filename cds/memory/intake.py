"""Journal -> store, a batch at a time: each table takes its rows in one statement, prepared once.

The rows go to the driver as they are. What SQLAlchemy would do for each of them costs more than storing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from cds.memory.records import Record
from cds.memory.tables import answers, cards, silences

__all__ = ["take"]

_INSERT: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_ENCODE: Final = msgspec.json.Encoder().encode

_Rows = Iterable[tuple[Any, ...]]
"""In the order of the table's columns."""


async def take(connection: AsyncConnection, records: Sequence[Record]) -> None:
    """Store `records`. One that is stored already changes nothing. Raises SQLAlchemyError."""
    for table, rows in (
        (answers, list(_answers(records))),
        (cards, list(_cards(records))),
        (silences, list(_silences(records))),
    ):
        if rows:
            await connection.exec_driver_sql(_statement(table, connection.dialect), rows)


@lru_cache(maxsize=16)
def _statement(table: Table, dialect: Dialect) -> str:
    """With a place for each column, as the driver writes places."""
    return str(_INSERT[dialect.name](table).on_conflict_do_nothing().compile(dialect=dialect))


def _answers(records: Iterable[Record]) -> _Rows:
    for each in records:
        yield (
            each.id,
            each.at,
            each.client,
            each.service,
            each.hook,
            each.instance,
            each.patient,
            each.knowledge,
            each.duration,
            each.outcome,
            _ENCODE(each.prefetch).decode(),
        )


def _cards(records: Iterable[Record]) -> _Rows:
    for record in records:
        for each in record.cards:
            suggestions = _ENCODE(each.suggestions).decode()
            yield each.uuid, record.id, each.card, each.rule, each.indicator, each.evidence, suggestions


def _silences(records: Iterable[Record]) -> _Rows:
    for record in records:
        for each in record.silent:
            yield record.id, each.card, each.evidence, each.rule, each.reason
