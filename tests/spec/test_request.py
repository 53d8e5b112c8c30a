"""R1 to R7. What is malformed in which way stands in tests/unit/hooks/test_requests.py; here the service itself answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.ehr import EVALUATION, Ehr, request_body
from tests.stories.telling import demo_record
from tests.unit.hooks.requests_by_hand import CONTEXTS, INSTANCE, asked

SERVICES = ["soft-tissue-calcification", "chronic-venous-insufficiency"]
HOOKS = ["patient-view", "encounter-start", "problem-list-item-create"]
ORDERS = "calcification-order-safety"
ORDER_HOOKS = ["order-select", "order-sign"]
SERVED = [*((each, hook) for each in SERVICES for hook in HOOKS), *((ORDERS, hook) for hook in ORDER_HOOKS)]
PATH = "/cds-services/soft-tissue-calcification"
DEMO = "metastatic-dialysis"


@pytest.fixture
def record() -> Ehr:
    return demo_record(DEMO)


@pytest.fixture
def request_of_the_record(service: httpx.Client, record: Ehr) -> dict[str, Any]:
    listed = service.get("/cds-services").json()["services"]
    entry = next(each for each in listed if each["id"] == SERVICES[0] and each["hook"] == "patient-view")
    return request_body(record, entry)


def result(reply: httpx.Response) -> dict[str, Any]:
    assert reply.status_code == 200, reply.text
    evaluation: dict[str, Any] = reply.json()["extension"][EVALUATION]
    return evaluation


def refused(reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status, reply.text
    return str(reply.json()["issue"][0]["diagnostics"])


@pytest.mark.clause("R1")
@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
def test_what_is_required_is_named(service: httpx.Client, member: str) -> None:
    request = asked()
    del request[member]
    assert f"`{member}`" in refused(service.post(PATH, json=request), 400)


@pytest.mark.clause("R1")
def test_an_authorization_requires_a_server(service: httpx.Client) -> None:
    authorization = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "s", "subject": "c"}
    assert "`fhirServer`" in refused(service.post(PATH, json=asked(fhirAuthorization=authorization)), 400)
    whole = asked(fhirAuthorization=authorization, fhirServer="https://ehr.example/fhir")
    assert service.post(PATH, json=whole).status_code == 200


@pytest.mark.clause("R2")
@pytest.mark.parametrize(("identifier", "hook"), SERVED)
def test_the_context_is_typed_per_hook(service: httpx.Client, identifier: str, hook: str) -> None:
    path = f"/cds-services/{identifier}"
    assert service.post(path, json=asked(hook)).status_code == 200
    for member in CONTEXTS[hook]:
        context = {name: value for name, value in asked(hook)["context"].items() if name != member}
        if hook != "encounter-start" and member == "encounterId":
            continue
        assert f"`context.{member}`" in refused(service.post(path, json=asked(hook, context=context)), 400)
        context[member] = 7
        assert f"`context.{member}`" in refused(service.post(path, json=asked(hook, context=context)), 400)


@pytest.mark.clause("R2")
def test_a_new_problem_counts_as_part_of_the_chart(service: httpx.Client) -> None:
    """Nothing recorded, a calcinosis about to be added: problem-list-item-create sees what patient-view cannot."""
    record = demo_record("nothing-to-say")
    listed = service.get("/cds-services").json()["services"]
    entry = next(each for each in listed if each["id"] == SERVICES[0] and each["hook"] == "problem-list-item-create")
    calcinosis = {
        "resourceType": "Condition",
        "id": "new",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": "Calcinosis cutis of both forearms"},
        "subject": {"reference": f"Patient/{record.patient_id}"},
    }
    conditions = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": calcinosis}]}
    before = service.post(PATH, json=request_body(record, entry))
    after = service.post(
        PATH, json=request_body(record, entry, hook="problem-list-item-create", context={"conditions": conditions})
    )
    assert result(before)["classification"] == "NOT_APPLICABLE"
    assert result(after)["classification"] != "NOT_APPLICABLE"


@pytest.mark.clause("R3")
@pytest.mark.parametrize("hook", ["order-sign", "order-select", "patient-View", "DUPONT"])
def test_a_hook_that_is_not_served_is_answered_with_those_that_are(service: httpx.Client, hook: str) -> None:
    complaint = refused(service.post(PATH, json=asked(hook, context={"patientId": "p"})), 400)
    assert all(served in complaint for served in HOOKS)
    assert "DUPONT" not in complaint


@pytest.mark.clause("R3")
@pytest.mark.parametrize("hook", HOOKS)
def test_the_service_of_orders_serves_no_chart(service: httpx.Client, hook: str) -> None:
    complaint = refused(service.post(f"/cds-services/{ORDERS}", json=asked(hook)), 400)
    assert all(served in complaint for served in ORDER_HOOKS)


@pytest.mark.clause("R4")
def test_what_is_unknown_null_or_empty_changes_nothing(
    service: httpx.Client, request_of_the_record: dict[str, Any]
) -> None:
    padded = {
        **request_of_the_record,
        "fhirServer": None,
        "fhirAuthorization": None,
        "extension": {"example.vendor": {"anything": [None]}},
        "user": "old member",
        "context": {**request_of_the_record["context"], "encounterId": "", "somethingNew": {"a": None}},
    }
    padded["prefetch"] = {**request_of_the_record["prefetch"], "keyOfAnotherService": None}
    assert result(service.post(PATH, json=padded)) == result(service.post(PATH, json=request_of_the_record))


NEXT = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


@pytest.mark.clause("R5")
@pytest.mark.parametrize(
    ("state", "sent"),
    [
        ("none", None),
        ("none", EMPTY),
        ("none", {**EMPTY, "entry": []}),
        ("failed", FAILED),
        ("failed", {**EMPTY, "entry": [{"resource": FAILED, "search": {"mode": "outcome"}}]}),
        ("absent", ...),
    ],
)
def test_the_state_of_a_key_travels(
    service: httpx.Client, request_of_the_record: dict[str, Any], state: str, sent: Any
) -> None:
    prefetch = {**request_of_the_record["prefetch"], "conditions": sent}
    prefetch = {key: value for key, value in prefetch.items() if value is not ...}
    states = result(service.post(PATH, json={**request_of_the_record, "prefetch": prefetch}))["prefetch"]
    assert states["conditions"] == state
    assert states["patient"] == "present"


@pytest.mark.clause("R5")
def test_a_page_that_is_not_the_last_is_partial(service: httpx.Client, request_of_the_record: dict[str, Any]) -> None:
    request_of_the_record["prefetch"]["conditions"]["link"] = NEXT
    assert result(service.post(PATH, json=request_of_the_record))["prefetch"]["conditions"] == "partial"


@pytest.mark.clause("R5")
def test_what_failed_is_said_to_the_clinician(service: httpx.Client, request_of_the_record: dict[str, Any]) -> None:
    request_of_the_record["prefetch"]["laboratory"] = FAILED
    cards = service.post(PATH, json=request_of_the_record).json()["cards"]
    assert any(card["source"]["topic"]["code"] == "C-DATA" for card in cards)


@pytest.mark.clause("R6")
def test_somebody_elses_data_are_no_evidence(service: httpx.Client, request_of_the_record: dict[str, Any]) -> None:
    clean = result(service.post(PATH, json=request_of_the_record))
    strangers = {
        "resourceType": "Condition",
        "id": "stranger",
        "code": {"text": "Dermatomyositis"},
        "subject": {"reference": "Patient/somebody-else"},
    }
    request_of_the_record["prefetch"]["conditions"]["entry"].append({"resource": strangers})
    mixed = result(service.post(PATH, json=request_of_the_record))
    assert {"reference": "Condition/stranger", "reason": "other-patient"} in mixed["notUsed"]
    assert mixed["causes"] == clean["causes"]


@pytest.mark.clause("R6")
def test_another_patient_is_not_taken_for_ours(service: httpx.Client, request_of_the_record: dict[str, Any]) -> None:
    request_of_the_record["context"]["patientId"] = "somebody-else"
    found = result(service.post(PATH, json=request_of_the_record))
    assert found["classification"] == "NOT_APPLICABLE"
    assert found["notUsed"]
    assert found["prefetch"]["patient"] != "absent"


@pytest.mark.clause("R7")
@pytest.mark.parametrize("context", [{}, {"patientId": None}, {"patientId": ""}])
def test_without_a_patient_nothing_can_be_said(service: httpx.Client, context: dict[str, Any]) -> None:
    reply = service.post(PATH, json=asked(context={"userId": "Practitioner/1", **context}))
    assert "`context.patientId`" in refused(reply, 412)


@pytest.mark.clause("R7")
@pytest.mark.parametrize("identifier", SERVICES)
@pytest.mark.parametrize("prefetch", [None, {}, {"conditions": FAILED}])
def test_what_was_missing_is_said_with_200(
    service: httpx.Client, identifier: str, prefetch: dict[str, Any] | None
) -> None:
    reply = service.post(f"/cds-services/{identifier}", json=asked(prefetch=prefetch))
    assert reply.status_code == 200
    (card,) = reply.json()["cards"]
    assert card["indicator"] == "info"


def drafts(*orders: dict[str, Any]) -> dict[str, Any]:
    about = {"status": "draft", "intent": "order", "subject": {"reference": "Patient/p"}}
    entries = [{"resource": {"resourceType": "MedicationRequest", "id": "m", **about, **each}} for each in orders]
    return {**asked("order-sign")["context"], "draftOrders": {"resourceType": "Bundle", "entry": entries}}


CALCIUM = {"medicationCodeableConcept": {"text": "carbonate de calcium 500 mg"}}
PARACETAMOL = {"medicationCodeableConcept": {"text": "paracétamol 1 g"}}


@pytest.mark.clause("R7")
@pytest.mark.parametrize("prefetch", [None, {}, {"conditions": FAILED}])
def test_what_was_missing_is_said_of_an_order_that_the_rules_judge(
    service: httpx.Client, prefetch: dict[str, Any] | None
) -> None:
    request = asked("order-sign", prefetch=prefetch, context=drafts(CALCIUM, {**PARACETAMOL, "id": "n"}))
    reply = service.post(f"/cds-services/{ORDERS}", json=request)
    assert [card["source"]["topic"]["code"] for card in reply.json()["cards"]] == ["C-DATA"]


@pytest.mark.clause("R7")
@pytest.mark.parametrize("prefetch", [None, {}, {"conditions": FAILED}])
def test_nothing_is_said_of_an_order_that_no_rule_judges(
    service: httpx.Client, prefetch: dict[str, Any] | None
) -> None:
    infusion = {**PARACETAMOL, "id": "iv", "dosageInstruction": [{"route": {"text": "intraveineuse"}}]}
    reply = service.post(
        f"/cds-services/{ORDERS}", json=asked("order-sign", prefetch=prefetch, context=drafts(PARACETAMOL, infusion))
    )
    assert (reply.status_code, reply.json()["cards"]) == (200, [])


@pytest.mark.clause("R7")
def test_no_cards_means_that_there_is_nothing_to_say(service: httpx.Client) -> None:
    record = demo_record("nothing-to-say")
    listed = service.get("/cds-services").json()["services"]
    for entry in (each for each in listed if each["hook"] == "patient-view"):
        reply = service.post(f"/cds-services/{entry['id']}", json=request_body(record, entry))
        assert reply.json()["cards"] == []
        assert set(result(reply)["prefetch"].values()) <= {"present", "none"}


def test_the_same_request_is_answered_the_same(service: httpx.Client, request_of_the_record: dict[str, Any]) -> None:
    assert request_of_the_record["hookInstance"] != INSTANCE
    texts = [json.dumps(result(service.post(PATH, json=request_of_the_record))) for _ in range(2)]
    assert texts[0] == texts[1]
