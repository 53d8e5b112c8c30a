"""What others told and showed comes from the store, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event

from cds.cards.context import OFTEN, Before
from cds.data import folder
from cds.memory import intake
from cds.memory.records import Record
from cds.memory.refreshing import Refreshing
from cds.memory.store import Store
from cds.memory.suppression import Index
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.suppression import MostADay, Suppression
from tests.unit.memory.records_by_hand import DAY, NOW, a_record, card, with_store

POLICY = read_chapter(Suppression, "suppression", [folder("rules")])
LIMITED = POLICY.model_copy(update={"most_a_day": (MostADay(id="C-FORM", times=3),)})
OFTEN_ENOUGH = {"f": Before("info", OFTEN)}


def shown(at: int = NOW, name: str = "C-FORM", patient: str = "p") -> Record:
    return a_record(card(name, "info", "f"), at=at, patient=patient)


async def take(store: Store, *records: Record) -> None:
    async with store.transaction() as connection:
        await intake.take(connection, records)


def test_what_several_processes_showed_counts_together(url: str) -> None:
    """Two have shown the card, one of them twice, and it heard of its own from the store as well."""

    async def run(store: Store) -> None:
        index = Index(LIMITED)
        refreshing = Refreshing(store, index, lambda: NOW + 100)
        own = [shown(NOW), shown(NOW + 1)]
        for each in own:
            index.show("p", each.cards, each.at)
        await take(store, *own)
        await refreshing.run()
        assert index.before("p", NOW) == {}
        await take(store, shown(NOW + 2))
        await refreshing.run()
        assert index.before("p", NOW) == OFTEN_ENOUGH
        other = Index(LIMITED)
        await Refreshing(store, other, lambda: NOW + 100).run()
        assert other.before("p", NOW) == OFTEN_ENOUGH, "also in a process that has just begun"

    with_store(url, run)


@pytest.mark.parametrize(
    "others",
    [
        [shown(NOW - 1), shown(NOW - 2)],
        [shown(NOW + DAY), shown(NOW + DAY)],
        [shown(name="C-PHPT"), shown(name="C-PHPT")],
        [shown(patient="q"), shown(patient="q")],
    ],
    ids=["yesterday", "tomorrow, by a clock that is wrong", "another card", "another patient"],
)
def test_what_does_not_count(url: str, others: Sequence[Record]) -> None:
    async def run(store: Store) -> None:
        index = Index(LIMITED)
        await take(store, shown(), shown(), *others)
        await Refreshing(store, index, lambda: NOW + 100).run()
        assert index.before("p", NOW) == {}
        index.show("p", shown().cards, NOW + 1)
        assert index.before("p", NOW) == OFTEN_ENOUGH

    with_store(url, run)


@pytest.mark.parametrize(("policy", "asked"), [(POLICY, False), (LIMITED, True)], ids=["no limit", "a limit"])
def test_nothing_is_asked_where_no_card_is_limited(url: str, policy: Suppression, asked: bool) -> None:
    async def run(store: Store) -> None:
        statements: list[str] = []

        @event.listens_for(store._engine.sync_engine, "before_cursor_execute")
        def hear(*what: Any) -> None:
            statements.append(what[2])

        await Refreshing(store, Index(policy), lambda: NOW).run()
        assert any("cards.uuid, cards.card" in each for each in statements) == asked

    with_store(url, run)
