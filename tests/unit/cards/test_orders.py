"""The cards of draft orders: the detail in its order, what is offered, how many are shown (ORD-0c, ORD-0d, 12b.5)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from cds import data
from cds.cards.compose import Composed, compose
from cds.cards.context import Options
from cds.cards.deck import Deck
from cds.hooks.models import Action, Card
from cds.reasoning.chart import Access, Ref
from cds.reasoning.conclusions import Conclusion, Evaluation, Evidence, Removal, Text
from cds.reasoning.knowledge.cards import Card as Written
from cds.reasoning.knowledge.cards import Cards
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.wording import Wording
from tests.unit.cards.cases import CALCIUM, SEEN, context, laboratory, same

ORDERS = "calcification-order-safety"
MOST = 3


def written(identifier: str, **changes: Any) -> Written:
    variants = [
        {"id": name, "indicator": indicator, "summary": {"en": f"{name} en", "fr": f"{name} fr"}, "conclusion": {"en": "They meet.", "fr": "Ils se rencontrent."}}
        for name, indicator in (("a", "critical"), ("b", "warning"), ("c", "info"))
    ]  # fmt: skip
    return Written.model_validate(
        {
            "id": identifier,
            "service": ORDERS,
            "rule": "ORD-1",
            "indicator": "info",
            "group": "order",
            "topic": {"en": identifier, "fr": identifier},
            "variants": variants,
            "changes": [{"en": "A newer calcium.", "fr": "Une calcémie plus récente."}],
            "grade": "E",
            "sources": [],
            **changes,
        }
    )


@cache
def deck() -> Deck:
    folders = [data.folder("rules")]
    others = [card for card in read_chapter(Cards, "cards", folders).cards if card.id == "C-DATA"]
    cards = [written(f"C-ORD-{name}") for name in ("ONE", "TWO", "THREE", "FOUR", "FIVE")]
    return Deck(
        Cards(cards=(*cards, *others)),
        read_chapter(Wording, "wording", folders),
        read_chapter(Sources, "sources", folders),
        Options(),
        "test-1",
    )


DRAFT = Evidence(Text("Draft", "Brouillon"), Ref("MedicationRequest", "m-1"), "Calcium carbonate | 500 mg")


def conclusion(card: str = "C-ORD-ONE", variant: str = "b", **changes: Any) -> Conclusion:
    return Conclusion(card, "ORD-1", variant, drafts=(DRAFT,), evidence=(CALCIUM,), **changes)


def removal(number: int) -> Removal:
    return Removal(f"MedicationRequest/m-{number}", Text(f"Remove {number}", f"Retirer {number}"))


def answer(
    *conclusions: Conclusion, language: Any = "en", access: Any = SEEN, asked: bool = True, **changes: Any
) -> Composed:
    evaluation = Evaluation("NOT_APPLICABLE", None, conclusions, access=access, asked=asked)
    return compose(evaluation, ORDERS, language, context(most_cards=MOST, **changes), deck())


def only(composed: Composed) -> Card:
    (card,) = composed.cards
    return card


def actions(card: Card) -> list[Action]:
    return [action for each in card.suggestions for action in each.actions]


@pytest.mark.parametrize(("variant", "indicator"), [("a", "critical"), ("b", "warning"), ("c", "info")])
def test_a_variant_says_how_urgent_it_is(variant: str, indicator: str) -> None:
    card = only(answer(conclusion(variant=variant)))
    assert (card.indicator, card.summary) == (indicator, f"{variant} en")
    reasons = [each.code for each in card.overrideReasons]
    assert reasons == (
        []
        if variant == "c"
        else ["benefit-outweighs-risk", "emergency-indication", "specialist-decision", "already-known", "data-wrong"]
    )


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "en",
            ["**Draft order**", "Calcium carbonate &#124; 500 mg", "**Data used**", "3.72", "**Why.** They meet.",
             "- A reason", "**What would change this**", "**Rule** ORD-1", "*Decision support"],
        ),
        (
            "fr",
            ["**Brouillon de prescription**", "Calcium carbonate &#124; 500 mg", "**Données utilisées**", "3,72",
             "**Pourquoi.** Ils se rencontrent.", "- A reason", "**Ce qui changerait cette conclusion**",
             "**Règle** ORD-1", "*Aide à la décision"],
        ),
    ],
)  # fmt: skip
def test_the_detail_in_its_order(language: str, parts: list[str]) -> None:
    detail = only(answer(conclusion(notes=(same("A reason"),)), language=language)).detail
    places = [detail.find(part) for part in parts]
    assert -1 not in places, detail
    assert places == sorted(places)


def test_a_draft_is_taken_back_by_its_reference() -> None:
    card = only(answer(conclusion(removals=(removal(1), removal(2)), requests=(laboratory("calcium", "1995-0"),))))
    first, second, third = actions(card)
    assert (first.type, first.resourceId, first.resource) == ("delete", "MedicationRequest/m-1", None)
    assert first.description == "Takes back the draft only, nothing that is stored changes: Remove 1"
    assert (second.type, second.resourceId) == ("delete", "MedicationRequest/m-2")
    assert (third.type, third.resource and third.resource["resourceType"]) == ("create", "ServiceRequest")
    assert [each.label for each in card.suggestions][:2] == ["Remove 1", "Remove 2"]
    assert card.selectionBehavior == "any"
    assert not any(each.isRecommended for each in card.suggestions)
    assert len({each.uuid for each in card.suggestions}) == 3


def test_a_draft_without_a_reference_cannot_be_taken_back() -> None:
    card = only(answer(conclusion(removals=(Removal("", same("Remove")),))))
    assert (card.suggestions, card.selectionBehavior) == ((), "")


@pytest.mark.parametrize(("variant", "offered"), [("a", 5), ("b", 5), ("c", 2)])
def test_information_offers_two_things_and_says_the_rest(variant: str, offered: int) -> None:
    requests = (laboratory("calcium", "1995-0"), laboratory("pth", "2731-8"), laboratory("albumin", "1751-7"))
    card = only(answer(conclusion(variant=variant, removals=(removal(1), removal(2)), requests=requests)))
    assert len(card.suggestions) == offered
    assert card.detail.count("**To ask for**") == (1 if variant == "c" else 0)
    one = only(answer(conclusion(variant="c", removals=(removal(1),), requests=requests)))
    assert [each.type for each in actions(one)] == ["delete", "create"]


def test_a_client_of_another_version_can_still_take_a_draft_back() -> None:
    card = only(
        answer(conclusion(removals=(removal(1),), requests=(laboratory("calcium", "1995-0"),)), fhir_version="1.0.2")
    )
    assert [each.type for each in actions(card)] == ["delete"]
    assert "**To ask for**" in card.detail


def test_three_cards_are_shown_and_critical_ones_beyond() -> None:
    cards = ("C-ORD-ONE", "C-ORD-TWO", "C-ORD-THREE", "C-ORD-FOUR", "C-ORD-FIVE")
    shown = answer(*(conclusion(each) for each in cards))
    assert [card.source.topic.code for card in shown.cards if card.source.topic] == list(cards[:3])
    assert shown.suppressed == ["C-ORD-FOUR", "C-ORD-FIVE"]
    assert "**Not shown here, for lack of room**" in shown.cards[-1].detail
    urgent = answer(*(conclusion(each, "a") for each in cards[1:]), conclusion(cards[0], "c"))
    assert [card.indicator for card in urgent.cards] == ["critical"] * 4
    assert urgent.suppressed == ["C-ORD-ONE"]


def test_the_site_may_show_fewer() -> None:
    evaluation = Evaluation("NOT_APPLICABLE", None, (conclusion("C-ORD-ONE"), conclusion("C-ORD-TWO")), access=SEEN)
    tight = deck()
    before, tight.options = tight.options, tight.options._replace(display_limit=1)
    try:
        assert len(compose(evaluation, ORDERS, "en", context(most_cards=MOST), tight).cards) == 1
    finally:
        tight.options = before


def test_critical_then_warning_then_information() -> None:
    shown = answer(conclusion("C-ORD-ONE", "c"), conclusion("C-ORD-TWO", "b"), conclusion("C-ORD-THREE", "a"))
    assert [card.indicator for card in shown.cards] == ["critical", "warning", "info"]


@pytest.mark.parametrize(("asked", "shown"), [(True, ["C-DATA"]), (False, [])])
def test_unseen_data_are_said_where_an_order_raises_a_question(asked: bool, shown: list[str]) -> None:
    composed = answer(access=SEEN | {"laboratory": Access.FAILED}, asked=asked)
    assert [card.source.topic.code for card in composed.cards if card.source.topic] == shown
