"""Journal -> store, a batch at a time and without a loop over its records: the database takes the JSON apart itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["take"]

_ANSWERS = """
    INSERT INTO answers (id, at, client, service, hook, instance, patient, knowledge, duration, outcome, prefetch)
    SELECT a.value ->> 'id', CAST(a.value ->> 'at' AS BIGINT), a.value ->> 'client', a.value ->> 'service',
           a.value ->> 'hook', a.value ->> 'instance', a.value ->> 'patient', a.value ->> 'knowledge',
           CAST(a.value ->> 'duration' AS BIGINT), a.value ->> 'outcome', a.value -> 'prefetch'
    FROM {batch} WHERE true ON CONFLICT DO NOTHING
"""
_CARDS = """
    INSERT INTO cards (uuid, answer, card, rule, indicator, evidence, suggestions)
    SELECT c.value ->> 'uuid', a.value ->> 'id', c.value ->> 'card', c.value ->> 'rule', c.value ->> 'indicator',
           c.value ->> 'evidence', c.value -> 'suggestions'
    FROM {batch}, {members} WHERE true ON CONFLICT DO NOTHING
"""
_SILENCES = """
    INSERT INTO silences (answer, card, evidence, rule, reason)
    SELECT a.value ->> 'id', c.value ->> 'card', c.value ->> 'evidence', c.value ->> 'rule', c.value ->> 'reason'
    FROM {batch}, {members} WHERE true ON CONFLICT DO NOTHING
"""


def _statements(batch: str, members: str) -> tuple[TextClause, ...]:
    return (
        text(_ANSWERS.format(batch=batch)),
        text(_CARDS.format(batch=batch, members=members.format("cards"))),
        text(_SILENCES.format(batch=batch, members=members.format("silent"))),
    )


_STATEMENTS = {
    "sqlite": _statements("json_each(:batch) AS a", "json_each(a.value, '$.{}') AS c"),
    "postgresql": _statements(
        "jsonb_array_elements(CAST(CAST(:batch AS text) AS jsonb)) AS a(value)",
        "jsonb_array_elements(a.value -> '{}') AS c(value)",
    ),
}


_FILLED = (b"", b'"cards":[{', b'"silent":[{')
"""What stands in a record that a statement finds anything in: taking JSON apart is most of the work."""


async def take(connection: AsyncConnection, records: Sequence[bytes]) -> None:
    """Store `records`, JSON of `Record`. One that is stored already changes nothing. Raises SQLAlchemyError."""
    for statement, filled in zip(_STATEMENTS[connection.dialect.name], _FILLED, strict=True):
        concerned = [each for each in records if filled in each]
        if concerned:
            batch = b"[" + b",".join(concerned) + b"]"
            await connection.execute(statement, {"batch": batch.decode()})
