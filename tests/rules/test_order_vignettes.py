"""The vignettes of draft orders over HTTP: exactly these cards, on order-sign and on order-select."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.ehr import EVALUATION, Answer, Ehr, consult
from tests.rules.building import CHANGES, PATIENT, Case, cases, draft_orders, in_other_units, resources

VIGNETTES = dict(cases("vignettes-order-sign"))
SEVERAL = [identifier for identifier, case in VIGNETTES.items() if len(case["draft_orders"]) > 1]
SERVICE = "calcification-order-safety"
Ask = Callable[..., Answer]


def references(case: Case) -> list[str]:
    return [f"{draft['type']}/{draft['id']}" for draft in case["draft_orders"]]


@pytest.fixture
def ask(service: httpx.Client, now: datetime) -> Ask:
    def asked(
        case: Case,
        hook: str = "order-sign",
        selections: Sequence[str] | None = None,
        language: str = "en",
        record: list[dict[str, Any]] | None = None,
        orders: dict[str, Any] | None = None,
    ) -> Answer:
        context: dict[str, Any] = {"draftOrders": orders or draft_orders(case)}
        if selections is not None:
            context["selections"] = selections
        ehr = Ehr(PATIENT, resources(case, now) if record is None else record)
        (answer,) = consult(service, ehr, hook=hook, context=context, language=language)
        assert answer.service == SERVICE
        assert answer.status == 200, answer.body
        return answer

    return asked


def shown(answer: Answer) -> dict[str, str]:
    """Indicator by card id; nothing was left out."""
    cards = [(card["source"]["topic"]["code"], card["indicator"]) for card in answer.body["cards"]]
    assert len(dict(cards)) == len(cards), "a card stands twice"
    assert answer.body["extension"][EVALUATION]["suppressedCards"] == []
    return dict(cards)


def expected(case: Case) -> dict[str, str]:
    wanted = case["expected"]
    assert set(wanted["cards"]) == set(wanted.get("indicators", {})), "an indicator for every card"
    return dict(wanted.get("indicators", {}))


def test_every_vignette_is_here() -> None:
    assert len(VIGNETTES) == 18
    assert SEVERAL


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_on_order_sign(identifier: str, ask: Ask) -> None:
    case = VIGNETTES[identifier]
    assert shown(ask(case)) == expected(case), case["why"]


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_on_order_select_with_every_draft_selected(identifier: str, ask: Ask) -> None:
    case = VIGNETTES[identifier]
    assert shown(ask(case, "order-select", references(case))) == expected(case), case["why"]


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_on_order_select_with_no_draft_selected(identifier: str, ask: Ask) -> None:
    assert shown(ask(VIGNETTES[identifier], "order-select", ["MedicationRequest/another"])) == {}


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_the_selected_draft_alone_is_judged(identifier: str, ask: Ask) -> None:
    """Beside an unrelated draft that is selected nothing is said of the others; selected, it stands alone."""
    case = VIGNETTES[identifier]
    unrelated = {"id": "MR-9", "type": "MedicationRequest", "atc": "N02BE01", "text": "paracétamol 1 g"}
    both = {**case, "draft_orders": [*case["draft_orders"], unrelated]}
    assert shown(ask(both, "order-select", ["MedicationRequest/MR-9"])) == {}
    assert shown(ask(both, "order-select", references(case))) == expected(case)
    assert shown(ask(both)) == expected(case)


def test_of_several_drafts_only_the_selected_ones_are_named(ask: Ask) -> None:
    case = VIGNETTES["V-113"]
    for selected, other in (("SR-1", "SR-2"), ("SR-2", "SR-1")):
        answer = ask(case, "order-select", [f"ServiceRequest/{selected}"])
        assert shown(answer) == expected(case)
        deleted = [each["actions"][0]["resourceId"] for each in answer.body["cards"][0]["suggestions"]]
        assert deleted == [f"ServiceRequest/{selected}"]
        assert f"ServiceRequest/{other}" not in answer.body["cards"][0]["detail"]
    both = ask(case).body["cards"][0]
    assert {each["actions"][0]["resourceId"] for each in both["suggestions"]} == set(references(case))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("identifier", VIGNETTES)
def test_a_change_without_meaning_changes_nothing(identifier: str, change: str, ask: Ask, now: datetime) -> None:
    case = VIGNETTES[identifier]
    assert shown(ask(case, record=CHANGES[change](resources(case, now)))) == expected(case)


@pytest.mark.parametrize("identifier", [each for each, case in VIGNETTES.items() if in_other_units(case) != case])
def test_units_change_nothing(identifier: str, ask: Ask) -> None:
    case = VIGNETTES[identifier]
    assert shown(ask(in_other_units(case))) == expected(case)


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_what_is_suggested(identifier: str, ask: Ask) -> None:
    """ORD-0d: only drafts of the request are deleted, only draft ServiceRequests created; nothing is recommended."""
    case = VIGNETTES[identifier]
    for card in ask(case).body["cards"]:
        suggestions = card.get("suggestions", [])
        assert all(each["isRecommended"] is False for each in suggestions)
        assert "systemActions" not in card
        assert len(suggestions) <= (2 if card["indicator"] == "info" else 100)
        assert ("selectionBehavior" in card) == bool(suggestions)
        for action in (action for each in suggestions for action in each["actions"]):
            assert action["description"]
            if action["type"] == "delete":
                assert action["resourceId"] in references(case)
                assert "resource" not in action
            else:
                assert action["type"] == "create"
                made = action["resource"]
                assert (made["resourceType"], made["status"], made["intent"]) == ("ServiceRequest", "draft", "proposal")
                assert made["subject"] == {"reference": f"Patient/{PATIENT}"}
        reasons = [each["code"] for each in card.get("overrideReasons", [])]
        assert reasons == (
            []
            if card["indicator"] == "info"
            else [
                "benefit-outweighs-risk",
                "emergency-indication",
                "specialist-decision",
                "already-known",
                "data-wrong",
            ]
        )


HEADINGS = {
    "en": [
        "**Draft order**",
        "**Data used**",
        "**Why.**",
        "**What would change this**",
        "**Rule**",
        "*Decision support",
    ],
    "fr": [
        "**Brouillon de prescription**",
        "**Données utilisées**",
        "**Pourquoi.**",
        "**Ce qui changerait cette conclusion**",
        "**Règle**",
        "*Aide à la décision",
    ],
}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("identifier", VIGNETTES)
def test_the_detail_in_its_order(identifier: str, language: str, ask: Ask) -> None:
    """12b.5: the draft, the datum, why, what would change it, rule and source, the fixed sentence."""
    case = VIGNETTES[identifier]
    for card in ask(case, language=language).body["cards"]:
        detail = card["detail"]
        places = [detail.find(heading) for heading in HEADINGS[language]]
        assert -1 not in places, detail
        assert places == sorted(places)
        data = detail.index(HEADINGS[language][1])
        assert any(reference in detail[:data] for reference in references(case)), detail


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_the_language_changes_only_the_words(identifier: str, ask: Ask) -> None:
    case = VIGNETTES[identifier]
    english, french = ask(case, language="en"), ask(case, language="fr")
    assert shown(english) == shown(french)
    summaries = [[card["summary"] for card in answer.body["cards"]] for answer in (english, french)]
    assert not set(summaries[0]) & set(summaries[1])
    assert all(0 < len(summary) < 140 and "?" not in summary[:-1] for summary in summaries[0])


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_an_order_for_another_patient_is_not_judged_and_is_reported(identifier: str, ask: Ask) -> None:
    case = VIGNETTES[identifier]
    answer = ask(case, orders=draft_orders(case, "somebody-else"))
    assert shown(answer) == {}
    not_used = answer.body["extension"][EVALUATION]["notUsed"]
    assert {"reference": references(case)[0], "reason": "other-patient"} in not_used


@pytest.mark.parametrize("identifier", VIGNETTES)
def test_an_order_that_is_not_to_be_carried_out_is_not_judged(identifier: str, ask: Ask) -> None:
    case = VIGNETTES[identifier]
    for change in ({"status": "cancelled"}, {"doNotPerform": True}):
        bundle = draft_orders(case)
        entries = [{"resource": {**entry["resource"], **change}} for entry in bundle["entry"]]
        assert shown(ask(case, orders={**bundle, "entry": entries})) == {}
