from __future__ import annotations

from typing import Any

import pytest

from cds.cards.context import OFTEN, SETTLED, Before
from cds.data import folder
from cds.memory.records import ShownCard
from cds.memory.suppression import Dealt, Index
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.suppression import MostADay, Suppression
from tests.unit.memory.records_by_hand import DAY, NOW, card

POLICY = read_chapter(Suppression, "suppression", [folder("rules")])


def dealt(**more: Any) -> Dealt:
    row = Dealt("p", "C-PHPT", "e1", "warning", "overridden", "already-known", NOW)
    return row._replace(**more)


@pytest.mark.parametrize(
    ("what", "days"),
    [
        ({}, 30),
        ({"outcome": "accepted", "reason": ""}, 30),
        ({"reason": "in-words"}, 30),
        ({"reason": ""}, 0),
        ({"reason": "", "indicator": "info"}, 30),
        ({"reason": "data-wrong"}, 7),
        ({"reason": "emergency-indication"}, 1),
        ({"card": "C-FORM", "indicator": "info"}, 180),
        ({"card": "C-CVI-STAGE", "indicator": "info", "reason": ""}, 180),
        ({"card": "C-CVI-STAGE", "indicator": "info", "outcome": "accepted", "reason": ""}, 180),
        ({"card": "C-FORM", "indicator": "info", "reason": "data-wrong"}, 7),
        ({"indicator": "critical"}, 0),
        ({"card": "C-FORM", "indicator": "critical"}, 0),
    ],
)
def test_how_long_a_card_is_silent(what: dict[str, Any], days: int) -> None:
    index = Index(POLICY)
    row = dealt(**what)
    index.deal([row])
    silent = {"e1": Before(row.indicator, SETTLED)}
    for passed, expected in ((0, days > 0), (days * DAY - 1, days > 0), (days * DAY, False)):
        assert index.before("p", NOW + passed) == (silent if expected else {})


def test_nothing_is_silent_for_longer_than_the_longest() -> None:
    assert POLICY.longest == 180


def test_it_counts_for_one_patient_and_the_same_evidence() -> None:
    index = Index(POLICY)
    index.deal([dealt(), dealt(evidence="e2"), dealt(patient="q", evidence="e3")])
    assert set(index.before("p", NOW)) == {"e1", "e2"}
    assert set(index.before("q", NOW)) == {"e3"}
    assert index.before("nobody", NOW) == {}


@pytest.mark.parametrize("later_first", [True, False])
def test_of_two_the_one_that_lasts_longer_counts_in_any_order(later_first: bool) -> None:
    rows = [dealt(reason="data-wrong"), dealt(reason="already-known")]
    index = Index(POLICY)
    for row in reversed(rows) if later_first else rows:
        index.deal([row])
    assert index.before("p", NOW + 29 * DAY)
    assert not index.before("p", NOW + 30 * DAY)


def test_what_there_is_no_room_for_is_forgotten_and_so_said_again() -> None:
    index = Index(POLICY, patients=2)
    index.deal([dealt(patient="a"), dealt(patient="b"), dealt(patient="a", evidence="e2"), dealt(patient="c")])
    assert [bool(index.before(each, NOW)) for each in "abc"] == [True, False, True]


LIMITED = POLICY.model_copy(update={"most_a_day": (MostADay(id="C-FORM", times=2),)})


def form() -> ShownCard:
    """The same once more: with the same data, and a UUID of its own."""
    return card("C-FORM", "info", "f")


def test_a_site_may_limit_how_often_a_card_is_shown_on_a_day() -> None:
    index = Index(LIMITED, patients=2)
    for shown, expected in ((1, {}), (2, {"f": Before("info", OFTEN)}), (3, {"f": Before("info", OFTEN)})):
        index.show("p", [form(), card("C-PHPT", "warning", "w")], NOW + shown)
        assert index.before("p", NOW + shown) == expected
    assert index.before("q", NOW) == {}
    assert index.before("p", NOW + DAY) == {}, "the next day begins anew"
    index.show("p", [form()], NOW + DAY)
    assert index.before("p", NOW + DAY) == {}
    index.show("q", [form()], NOW)
    index.show("r", [form()], NOW)
    index.show("p", [form()], NOW + DAY)
    assert index.before("p", NOW + DAY) == {}, "forgotten for want of room, so counted anew"


def test_what_is_heard_twice_or_late_does_not_count_twice() -> None:
    """What this process showed comes back from the store, together with what others showed, and in any order."""
    index = Index(LIMITED)
    own, of_another, of_yesterday = form(), form(), form()
    index.show("p", [own], NOW)
    for _ in range(3):
        index.show("p", [own], NOW)
        index.show("p", [of_yesterday], NOW - 1)
    assert index.before("p", NOW) == {}
    index.show("p", [of_another], NOW)
    assert index.before("p", NOW) == {"f": Before("info", OFTEN)}


def test_no_card_is_limited_unless_a_site_says_so() -> None:
    index = Index(POLICY)
    for _ in range(1000):
        index.show("p", [card("C-FORM", "info", "f")], NOW)
    assert index.before("p", NOW) == {}
