"""The audit trail: as FHIR AuditEvents, and how long it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, delete, select, tuple_
from sqlalchemy.engine import RowMapping

from cds.memory.records import moment
from cds.memory.store import Store
from cds.memory.tables import answers, cards, feedback, silences

__all__ = ["Purged", "events", "purge"]

_PAGE = 500
_TYPES = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
_ENTITY_TYPES = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLES = "http://terminology.hl7.org/CodeSystem/object-role"
_SUCCESS, _MINOR, _SERIOUS = "0", "4", "8"


class Purged(NamedTuple):
    """How many rows are gone; the cards of an answer go with it."""

    answers: int
    feedback: int


async def events(store: Store, base: str, since: int = 0) -> AsyncIterator[dict[str, Any]]:
    """A FHIR R4 AuditEvent for every answer since (milliseconds), oldest first. `base` is that of our own identifiers.

    Raises StoreUnavailable.
    """
    after = (since, "")
    while page := await store.rows(
        select(answers)
        .where(tuple_(answers.c.at, answers.c.id) > tuple_(*after))
        .order_by(answers.c.at, answers.c.id)
        .limit(_PAGE)
    ):
        ids = [row["id"] for row in page]
        shown = _by_answer(await store.rows(select(cards).where(cards.c.answer.in_(ids)).order_by(cards.c.uuid)))
        silent = _by_answer(await store.rows(select(silences).where(silences.c.answer.in_(ids))))
        for row in page:
            yield _event(row, shown.get(row["id"], ()), silent.get(row["id"], ()), base)
        after = (page[-1]["at"], page[-1]["id"])


async def purge(store: Store, before: int) -> Purged:
    """Forget answers and feedback that are older (milliseconds). In steps: nobody has to wait long meanwhile.

    Raises StoreUnavailable.
    """
    gone = {answers: 0, feedback: 0}
    for table, key, at in ((answers, answers.c.id, answers.c.at), (feedback, feedback.c.id, feedback.c.received)):
        while True:
            some = select(key).where(at < before).limit(_PAGE)
            async with store.transaction() as connection:
                done: CursorResult[Any] = await connection.execute(delete(table).where(key.in_(some)))
            gone[table] += done.rowcount
            if not done.rowcount:
                break
    return Purged(gone[answers], gone[feedback])


def _by_answer(rows: Sequence[RowMapping]) -> dict[str, list[RowMapping]]:
    found: dict[str, list[RowMapping]] = {}
    for row in rows:
        found.setdefault(row["answer"], []).append(row)
    return found


def _event(row: RowMapping, shown: Sequence[RowMapping], silent: Sequence[RowMapping], base: str) -> dict[str, Any]:
    client = row["client"] or "anonymous"
    return {
        "resourceType": "AuditEvent",
        "id": row["id"],
        "type": {"system": _TYPES, "code": "rest", "display": "RESTful Operation"},
        "subtype": [{"system": _INTERACTIONS, "code": "operation"}],
        "action": "E",
        "recorded": moment(row["at"]).isoformat(timespec="milliseconds"),
        "outcome": _outcome(row["outcome"]),
        "outcomeDesc": row["outcome"],
        "agent": [{"who": {"display": client}, "requestor": True}],
        "source": {"observer": {"display": "calcification-cds"}},
        "entity": [
            {
                "what": {"identifier": {"system": f"{base}/pseudonym", "value": row["patient"]}},
                "type": {"system": _ENTITY_TYPES, "code": "1", "display": "Person"},
                "role": {"system": _ROLES, "code": "1", "display": "Patient"},
            },
            {
                "what": {"identifier": {"system": f"{base}/hook-instance", "value": row["instance"]}},
                "name": row["service"],
                "detail": _details(
                    ("hook", row["hook"]),
                    ("knowledge-version", row["knowledge"]),
                    ("duration-microseconds", str(row["duration"])),
                    *((f"prefetch-{key}", state) for key, state in row["prefetch"].items()),
                ),
            },
            *(_card(each, base) for each in shown),
            *(_silent(each) for each in silent),
        ],
    }


def _card(row: RowMapping, base: str) -> dict[str, Any]:
    return {
        "what": {"identifier": {"system": f"{base}/card", "value": row["uuid"]}},
        "name": row["card"],
        "detail": _details(
            ("rule", row["rule"]),
            ("indicator", row["indicator"]),
            ("evidence-hash", row["evidence"]),
            *(("suggestion", each) for each in row["suggestions"]),
        ),
    }


def _silent(row: RowMapping) -> dict[str, Any]:
    return {
        "name": row["card"],
        "detail": _details(
            ("rule", row["rule"]), ("evidence-hash", row["evidence"]), ("suppressed", row["reason"])
        ),
    }  # fmt: skip


def _details(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"type": name, "valueString": value} for name, value in said if value]


def _outcome(name: str) -> str:
    """FHIR's: success, the caller's mistake, ours."""
    return {"answered": _SUCCESS, "Unexpected": _SERIOUS}.get(name, _MINOR)
