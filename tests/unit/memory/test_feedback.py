"""Feedback in the store, on both databases."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from cds.errors import StoreUnavailable
from cds.hooks.feedback import Feedback
from cds.memory import intake
from cds.memory.feedback import OTHER, WORDS, Keeper, dealt_with, settle
from cds.memory.pseudonyms import Pseudonyms
from cds.memory.records import Record, milliseconds
from cds.memory.store import Store
from cds.memory.tables import feedback
from tests.unit.memory.records_by_hand import DAY, KEY, NOW, a_record, card, with_store

WHEN = datetime(2024, 10, 1, tzinfo=UTC)
REASONS = ("already-known", "data-wrong")


def keeper(store: Store, *, comments: bool = False) -> Keeper:
    return Keeper(store, Pseudonyms(KEY), REASONS, comments=comments)


def overridden(name: str, **more: Any) -> Feedback:
    return Feedback(**{"card": name, "outcome": "overridden", "at": WHEN, "code": "already-known", **more})


async def said(store: Store, *records: Record) -> None:
    async with store.transaction() as connection:
        await intake.take(connection, records)


def test_it_is_kept_once_however_often_it_is_sent(url: str) -> None:
    shown = card()

    async def run(store: Store) -> None:
        await said(store, a_record(shown))
        item = overridden(shown.uuid)
        for again in ([item], [item, item], [item]):
            (dealt,) = await keeper(store).keep("metz", "s", again, NOW)
            assert dealt == ("p", "C-PHPT", "e1", "warning", "overridden", "already-known", milliseconds(WHEN))
        later = overridden(shown.uuid, at=WHEN.replace(hour=5))
        await keeper(store).keep("metz", "s", [later], NOW)
        assert len(await store.rows(select(feedback))) == 2

    with_store(url, run)


def test_the_same_messages_at_the_same_time_are_kept_once(url: str) -> None:
    names = [str(uuid.uuid4()) for _ in range(20)]

    async def run(store: Store) -> None:
        messages = [[overridden(each) for each in order] for order in (names, names[::-1]) * 3]
        await asyncio.gather(*(keeper(store).keep("metz", "s", each, NOW) for each in messages))
        assert len(await store.rows(select(feedback))) == len(names)

    with_store(url, run)


def test_an_unknown_card_is_kept_and_flagged_until_it_is_known(url: str) -> None:
    shown = card()

    async def run(store: Store) -> None:
        assert await keeper(store).keep("metz", "s", [overridden(shown.uuid)], NOW) == []
        assert [row["settled"] for row in await store.rows(select(feedback))] == [None]
        assert await settle(store, NOW + 1) == 0
        await said(store, a_record(shown))
        assert await settle(store, NOW + 2) == 1
        assert await settle(store, NOW + 3) == 0
        dealt, newest = await dealt_with(store, NOW + 3, 365)
        assert [each.card for each in dealt] == ["C-PHPT"]
        assert newest == NOW + 2
        assert (await dealt_with(store, NOW + 3, 365, newest + 1)) == ([], newest + 1)

    with_store(url, run)


def test_the_card_of_another_client_is_not_its_business(url: str) -> None:
    shown = card()

    async def run(store: Store) -> None:
        await said(store, a_record(shown, client="metz"))
        assert await keeper(store).keep("lyon", "s", [overridden(shown.uuid)], NOW) == []
        assert await settle(store, NOW) == 0
        assert [row["settled"] for row in await store.rows(select(feedback))] == [None]

    with_store(url, run)


_STRICT = """
    CREATE TRIGGER strict BEFORE INSERT ON feedback WHEN length(NEW.card) > 36
    BEGIN SELECT RAISE(ABORT, 'too long'); END
"""


def test_all_of_it_or_nothing(url: str) -> None:
    shown = card()

    async def run(store: Store) -> None:
        await said(store, a_record(shown))
        impossible = overridden("x" * 4000)
        if store.is_sqlite:  # which takes a string of any length, unlike PostgreSQL
            async with store.transaction() as connection:
                await connection.execute(text(_STRICT))
        with pytest.raises(StoreUnavailable):
            await keeper(store).keep("metz", "s", [overridden(shown.uuid), impossible], NOW)
        assert await store.rows(select(feedback)) == []

    with_store(url, run)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"code": "data-wrong"}, "data-wrong"),
        ({"code": "Mrs Dupont said no"}, OTHER),
        ({"code": "", "comment": "Mrs Dupont said no"}, WORDS),
        ({"code": ""}, ""),
    ],
)
@pytest.mark.parametrize("comments", [True, False])
def test_no_words_are_stored_that_the_site_did_not_ask_for(
    given: Any, reason: str, comments: bool, tmp_path: Any
) -> None:
    async def run(store: Store) -> None:
        await keeper(store, comments=comments).keep("metz", "s", [overridden(str(uuid.uuid4()), **given)], NOW)
        (row,) = await store.rows(select(feedback))
        assert row["reason"] == reason
        assert row["comment"] == (given.get("comment", "") if comments else "")
        assert comments or "Dupont" not in str(row)

    with_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", run)


def test_a_character_that_a_database_cannot_store_is_replaced(url: str) -> None:
    """It would be refused now, and each time that the client sends it again."""

    async def run(store: Store) -> None:
        await keeper(store, comments=True).keep("metz", "s", [overridden(card().uuid, comment="a\0b")], NOW)
        assert [row["comment"] for row in await store.rows(select(feedback))] == ["a\N{REPLACEMENT CHARACTER}b"]

    with_store(url, run)


def test_a_clock_that_is_ahead_counts_as_now(url: str) -> None:
    shown = card()

    async def run(store: Store) -> None:
        await said(store, a_record(shown))
        ahead = overridden(shown.uuid, at=datetime(2999, 1, 1, tzinfo=UTC))
        (dealt,) = await keeper(store).keep("metz", "s", [ahead], NOW)
        assert dealt.at == NOW
        (unsaid,) = await keeper(store).keep("metz", "s", [overridden(shown.uuid, at=None)], NOW + DAY)
        assert unsaid.at == NOW + DAY

    with_store(url, run)
