"""C1 to C9, on every card of every demonstration patient, in both languages, and on cards provoked for the purpose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds.hooks import models
from tests.ehr import EVALUATION, Ehr, consult
from tests.stories.telling import demo_record, demos, order_demos, read

ORDERS = "calcification-order-safety"
CARD_EXTENSION = "calcification-cds.card"
TYPES = "https://calcification-cds.example/fhir/"

Card = dict[str, Any]


@pytest.fixture(scope="module")
def cards(service: httpx.Client) -> list[Card]:
    """Every card of every demonstration patient and of every demonstration of draft orders, in both languages."""
    of_charts = [
        card
        for name in demos()
        for language in ("en", "fr")
        for answer in consult(service, demo_record(name), context=CONTEXT, language=language)
        for card in answer.body["cards"]
    ]
    return of_charts + [card for language in ("en", "fr") for _, card in order_cards(service, language)]


def order_cards(service: httpx.Client, language: str = "en") -> Iterator[tuple[dict[str, Any], Card]]:
    """The request of every demonstration of draft orders, with each of its cards."""
    for file in order_demos().values():
        request = read(file)
        reply = service.post(f"/cds-services/{ORDERS}", json=request, headers={"Accept-Language": language})
        for card in reply.json()["cards"]:
            yield request, card


CONTEXT = {"userId": "Practitioner/anna", "encounterId": "visit"}


def suggestions(cards: list[Card]) -> Iterator[dict[str, Any]]:
    for card in cards:
        yield from card.get("suggestions", ())


def actions(cards: list[Card]) -> Iterator[dict[str, Any]]:
    for suggestion in suggestions(cards):
        yield from suggestion.get("actions", ())


@pytest.mark.clause("C1")
def test_a_card_has_what_a_client_shows(cards: list[Card]) -> None:
    assert len(cards) > 20
    for card in cards:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["detail"]
        source = card["source"]
        assert source["label"]
        assert source["url"].startswith("http://127.0.0.1:8080/")
        assert source["topic"].keys() == {"code", "system", "display"}
        assert re.fullmatch(r"C-[A-Z-]*[A-Z]", source["topic"]["code"])
        assert source["topic"]["system"].startswith(TYPES)


@pytest.mark.clause("C1")
def test_a_uuid_is_fresh_per_display(service: httpx.Client, cards: list[Card]) -> None:
    uuids = [card["uuid"] for card in cards] + [each["uuid"] for each in suggestions(cards)]
    assert len(set(uuids)) == len(uuids)
    assert all(UUID(each).version == 4 for each in uuids)
    record = demo_record("metastatic-dialysis")
    twice = [{card["uuid"] for answer in consult(service, record) for card in answer.body["cards"]} for _ in range(2)]
    assert twice[0].isdisjoint(twice[1])


@pytest.mark.clause("C2")
@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "a | b", "**b** `c` _d_"],
)
def test_words_of_the_record_are_only_words(service: httpx.Client, hostile: str) -> None:
    record = demo_record("dystrophic-systemic-sclerosis")
    told = json.loads(json.dumps(record.resources))
    for resource in told:
        if resource["resourceType"] == "Condition":
            resource["code"]["text"] = f"{hostile} {resource['code'].get('text', '')}"
        if resource["resourceType"] == "DiagnosticReport":
            resource["conclusion"] = f"{resource.get('conclusion', '')} {hostile}"
    answers = consult(service, Ehr(record.patient_id, told))
    cards = [card for answer in answers for card in answer.body["cards"]]
    assert cards
    for card in cards:
        assert not re.search(r"<(?!br)[a-z/!]", card["detail"], re.IGNORECASE)
        assert "](javascript:" not in card["detail"]
        for row in (line for line in card["detail"].splitlines() if line.startswith("|")):
            assert len(re.findall(r"(?<!\\)\|", row)) == columns(card["detail"])


def columns(detail: str) -> int:
    """The bars of the table's line of dashes."""
    return next(line.count("|") for line in detail.splitlines() if re.fullmatch(r"[|\s:-]+", line) and "|" in line)


@pytest.mark.clause("C3")
def test_suggestions_can_be_chosen(cards: list[Card]) -> None:
    assert list(suggestions(cards))
    for card in cards:
        assert ("selectionBehavior" in card) == ("suggestions" in card)
        assert card.get("selectionBehavior", "any") == "any"
        for each in card.get("suggestions", ()):
            assert each["label"]
            assert each["uuid"]
            assert each["actions"]


@pytest.mark.clause("C4")
def test_an_action_carries_a_valid_draft_about_the_patient(service: httpx.Client) -> None:
    seen = set()
    for name in demos():
        record = demo_record(name)
        answers = consult(service, record, context=CONTEXT)
        for action in actions([card for answer in answers for card in answer.body["cards"]]):
            resource = action["resource"]
            seen.add(resource["resourceType"])
            assert action["type"] == "create"
            assert action["description"]
            model(resource["resourceType"]).model_validate(resource)
            assert resource["subject"] == {"reference": f"Patient/{record.patient_id}"}
            assert resource["encounter"] == {"reference": "Encounter/visit"}
            if resource["resourceType"] == "ServiceRequest":
                assert (resource["status"], resource["intent"]) == ("draft", "proposal")
            if resource["resourceType"] == "Condition":
                assert resource["verificationStatus"]["coding"][0]["code"] == "provisional"
    assert "ServiceRequest" in seen


@pytest.mark.clause("C4")
def test_only_a_draft_of_the_request_is_ever_deleted(service: httpx.Client) -> None:
    deleted = 0
    for request, card in order_cards(service):
        drafts = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
        for action in actions([card]):
            assert action["description"]
            if action["type"] == "delete":
                deleted += 1
                assert action.keys() == {"type", "description", "resourceId"}
                assert action["resourceId"] in {f"{each['resourceType']}/{each['id']}" for each in drafts}
            else:
                assert action["type"] == "create"
                made = action["resource"]
                model(made["resourceType"]).model_validate(made)
                assert (made["resourceType"], made["status"]) == ("ServiceRequest", "draft")
                assert made["subject"] == {"reference": f"Patient/{request['context']['patientId']}"}
                assert made["encounter"] == {"reference": "Encounter/demo-encounter"}
    assert deleted >= 5


@pytest.mark.clause("C4")
def test_without_an_encounter_none_is_invented(service: httpx.Client) -> None:
    answers = consult(service, demo_record("metastatic-dialysis"))
    resources = [each["resource"] for each in actions([card for each in answers for card in each.body["cards"]])]
    assert resources
    assert not [each for each in resources if "encounter" in each]


@cache
def model(kind: str) -> Any:
    return get_fhir_model_class(kind)


@pytest.mark.clause("C5")
def test_a_warning_can_be_overridden_with_a_reason(cards: list[Card]) -> None:
    for card in cards:
        assert ("overrideReasons" in card) == (card["indicator"] in ("warning", "critical"))
        reasons = card.get("overrideReasons", [])
        assert all(each.keys() == {"code", "system", "display"} for each in reasons)
        assert len({each["code"] for each in reasons}) == len(reasons)


@pytest.mark.clause("C6")
def test_links_say_where_they_lead(cards: list[Card]) -> None:
    for link in (link for card in cards for link in card.get("links", ())):
        assert link["label"]
        assert link["type"] in ("absolute", "smart")
        assert link["url"].startswith(("https://", "http://"))
        assert link["type"] == "smart" or "appContext" not in link


@pytest.mark.clause("C7")
def test_there_are_no_system_actions(service: httpx.Client) -> None:
    for name in demos():
        for answer in consult(service, demo_record(name)):
            assert answer.body.keys() <= {"cards", "extension"}
    with pytest.raises(TypeError):
        models.Response(cards=[], systemActions=[])  # type: ignore[call-arg]


@pytest.mark.clause("C8")
def test_a_card_says_what_it_rests_on(service: httpx.Client) -> None:
    for name in demos():
        record = demo_record(name)
        known = {f"{each['resourceType']}/{each['id']}" for each in record.resources}
        for answer in consult(service, record):
            version = answer.body["extension"][EVALUATION]["knowledgeVersion"]
            for card in answer.body["cards"]:
                extension = card["extension"][CARD_EXTENSION]
                assert extension["rules"]
                assert extension["knowledgeVersion"] == version
                evidence = {each["reference"] for each in extension.get("evidence", ())}
                assert evidence <= known
                assert evidence or card["source"]["topic"]["code"] in ("C-DATA", "C-CLASS-IND", "C-DDX")


@pytest.mark.clause("C9")
def test_nothing_null_and_nothing_empty_leaves(service: httpx.Client) -> None:
    """But for the machine-readable result, whose members are fixed: there null says that there is none."""
    for name in demos():
        for answer in consult(service, demo_record(name), context=CONTEXT):
            body = {**answer.body, "extension": {**answer.body["extension"], EVALUATION: {"fixed": True}}}
            assert [each for card in body["cards"] for each in empty(card)] == []
            assert list(empty(body["extension"])) == []


@pytest.mark.clause("C9")
def test_nothing_unknown_leaves(service: httpx.Client) -> None:
    """Every answer can be read back into the outgoing models, which refuse what they don't know."""
    reader = msgspec.json.Decoder(models.Response, strict=True)
    for name in demos():
        for answer in consult(service, demo_record(name)):
            reader.decode(json.dumps(answer.body))
    with pytest.raises(msgspec.ValidationError):
        reader.decode(b'{"cards": [], "unknown": 1}')


def empty(value: Any, path: str = "$") -> Iterator[str]:
    """The paths of every null and every empty string, array and object."""
    if value is None or value == "" or value == [] or value == {}:
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from empty(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from empty(inner, f"{path}[{place}]")
