"""Reports, the audit trail as FHIR, and forgetting, on both databases."""

from __future__ import annotations

import uuid
from typing import Any

from fhir.resources.R4B.auditevent import AuditEvent
from msgspec.structs import replace
from sqlalchemy import func, select

from cds.hooks.feedback import Feedback
from cds.memory import audit, intake
from cds.memory.feedback import Keeper
from cds.memory.pseudonyms import Pseudonyms
from cds.memory.records import Record, SilentCard, moment
from cds.memory.reports import report
from cds.memory.store import Store
from cds.memory.tables import answers, cards, feedback, silences
from tests.unit.memory.records_by_hand import DAY, KEY, NOW, a_record, card, with_store


async def said(store: Store, *records: Record) -> None:
    async with store.transaction() as connection:
        await intake.take(connection, records)


async def dealt(store: Store, name: str, after: int, **more: Any) -> None:
    keeper = Keeper(store, Pseudonyms(KEY), ("already-known", "data-wrong"), comments=False)
    item = Feedback(**{"card": name, "outcome": "overridden", "at": moment(NOW + after), **more})
    await keeper.keep("metz", "s", [item], NOW + DAY)


def test_how_cards_fare(url: str) -> None:
    first, second, third, form = card(), card(), card(), card("C-FORM", "info")
    silent = SilentCard("C-PHPT", "MET-PHPT", "e", "settled")

    async def run(store: Store) -> None:
        await said(store, a_record(first, form), a_record(second), a_record(third), a_record(silent=(silent,)))
        await said(store, a_record(card(), client="lyon"))
        await dealt(store, first.uuid, 10_000, code="data-wrong")
        await dealt(store, first.uuid, 20_000, code="already-known")  # the last one counts
        await dealt(store, second.uuid, 40_000)
        await dealt(store, third.uuid, 60_000, outcome="accepted", suggestions=third.suggestions)
        await dealt(store, str(uuid.uuid4()), 0, code="already-known")  # of nobody knows which card
        assert [each.row for each in await report(store)] == [
            {
                "client": "lyon", "card": "C-PHPT", "rule": "MET-PHPT", "shown": 1, "accepted": 0, "overridden": {},
                "suppressed": 0, "medianSecondsToAct": None,
            },
            {
                "client": "metz", "card": "C-PHPT", "rule": "MET-PHPT", "shown": 3, "accepted": 1,
                "overridden": {"already-known": 1, "without-reason": 1}, "suppressed": 1, "medianSecondsToAct": 40.0,
            },
            {
                "client": "metz", "card": "C-FORM", "rule": "MET-PHPT", "shown": 1, "accepted": 0, "overridden": {},
                "suppressed": 0, "medianSecondsToAct": None,
            },
        ]  # fmt: skip
        assert await report(store, since=NOW + 1) == []

    with_store(url, run)


def test_every_answer_is_a_valid_audit_event(url: str) -> None:
    """More than a page, several in the same millisecond."""
    silent = SilentCard("C-DDX", "DDX-1", "e", "settled")
    records = [
        a_record(card(), card("C-FORM", "info"), silent=(silent,), at=NOW + number // 3) for number in range(1100)
    ]

    async def run(store: Store) -> None:
        await said(store, *records)
        events = [each async for each in audit.events(store, "https://x.example/fhir")]
        assert {each["id"] for each in events} == {each.id for each in records}
        assert len(events) == len(records)
        assert [each["recorded"] for each in events] == sorted(each["recorded"] for each in events)
        for each in events[:20]:
            AuditEvent.model_validate(each)
        told = str(next(each for each in events if each["id"] == records[0].id))
        for shown in records[0].cards:
            assert shown.uuid in told
            assert shown.suggestions[0] in told
        assert "C-DDX" in told
        later = [each async for each in audit.events(store, "https://x.example/fhir", NOW + 100)]
        assert len(later) == len(records) - 300

    with_store(url, run)


def test_an_error_and_an_anonymous_client_are_valid_audit_events_too(url: str) -> None:
    refused, failed = (replace(a_record(client=""), outcome=name) for name in ("PreconditionFailed", "Unexpected"))

    async def run(store: Store) -> None:
        await said(store, refused, failed)
        events = {each["id"]: each async for each in audit.events(store, "https://x.example/fhir")}
        assert {each: events[each]["outcome"] for each in events} == {refused.id: "4", failed.id: "8"}
        for each in events.values():
            assert AuditEvent.model_validate(each).agent[0].who.display == "anonymous"

    with_store(url, run)


def test_what_is_old_is_forgotten_with_all_its_parts(url: str) -> None:
    silent = (SilentCard("C-DDX", "DDX-1", "e", "settled"),)
    old = [a_record(card(), card("C-FORM", "info"), at=NOW - DAY, silent=silent) for _ in range(700)]
    young = a_record(card(), silent=silent)

    async def run(store: Store) -> None:
        await said(store, *old, young)
        await dealt(store, young.cards[0].uuid, 0)
        assert await audit.purge(store, NOW) == (700, 0)
        left = {
            table.name: (await store.rows(select(func.count().label("rows")).select_from(table)))[0]["rows"]
            for table in (answers, cards, silences, feedback)
        }
        assert left == {"answers": 1, "cards": 1, "silences": 1, "feedback": 1}
        assert await audit.purge(store, NOW + 2 * DAY) == (1, 1)
        assert await audit.purge(store, NOW + 2 * DAY) == (0, 0)

    with_store(url, run)
