"""Invariant 8: one broken resource never costs the others; it is counted and said."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.ehr import EVALUATION, Answer, Ehr, consult, opinion, request_body
from tests.stories.telling import demo_record, demos, order_demos, read

BROKEN = {
    "a number for a code": {"resourceType": "Condition", "code": 17},
    "a list for a code": {"resourceType": "Observation", "code": [1], "valueQuantity": {"value": 1}},
    "words for a quantity": {"resourceType": "Observation", "status": "final", "valueQuantity": "much"},
    "a number for a date": {"resourceType": "Observation", "status": "final", "effectiveDateTime": 20260101},
    "an object for a name": {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": {"en": "x"}}},
    "a word for a list": {"resourceType": "DiagnosticReport", "conclusionCode": "calcification"},
    "a list for a period": {"resourceType": "Procedure", "performedPeriod": ["2020", "2021"]},
    "a boolean for a status": {"resourceType": "ServiceRequest", "status": True},
}


@pytest.mark.parametrize("name", demos())
def test_the_others_are_judged_as_without_it(name: str, service: httpx.Client) -> None:
    record = demo_record(name)
    subject = {"reference": f"Patient/{record.patient_id}"}
    broken = [{**each, "id": f"broken-{n}", "subject": subject} for n, each in enumerate(BROKEN.values())]
    answers = consult(service, CarelessEhr(record.patient_id, record.resources + broken))
    assert opinion(answers) == opinion(consult(service, record))
    listed = {each["reference"] for each in answers[0].body["extension"][EVALUATION]["notUsed"]}
    assert {f"{each['resourceType']}/{each['id']}" for each in broken if was_sent(each, service)} <= listed


class CarelessEhr(Ehr):
    """A server that ignores every search parameter but the patient: what is broken matches no token."""

    def _answer(self, template: str) -> Any:
        return super()._answer(template.partition("&")[0] if "?" in template else template)


def was_sent(resource: dict[str, Any], service: httpx.Client) -> bool:
    """Whether any template asks for this type."""
    templates = service.get("/cds-services").json()["services"][0]["prefetch"].values()
    return any(template.startswith(resource["resourceType"]) for template in templates)


@pytest.mark.parametrize("name", order_demos())
def test_the_other_draft_orders_are_judged_as_without_it(name: str, service: httpx.Client) -> None:
    request = read(order_demos()[name])
    subject = {"reference": f"Patient/{request['context']['patientId']}"}
    broken = [
        {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": {"en": "x"}}},
        {"resourceType": "ServiceRequest", "code": 5},
        {"resourceType": "DeviceRequest", "status": []},
    ]
    said = [opinion([order_answer(service, request)])]
    for number, each in enumerate(broken):
        resource = {**each, "id": f"broken-{number}", "subject": subject}
        request["context"]["draftOrders"]["entry"].insert(0, {"resource": resource})
    request["context"]["draftOrders"]["entry"].append(7)
    answer = order_answer(service, request)
    said.append(opinion([answer]))
    assert said[0] == said[1]
    listed = {each["reference"] for each in answer.body["extension"][EVALUATION]["notUsed"]}
    assert {f"{each['resourceType']}/broken-{number}" for number, each in enumerate(broken)} <= listed


def order_answer(service: httpx.Client, request: dict[str, Any]) -> Answer:
    reply = service.post("/cds-services/calcification-order-safety", json=request)
    return Answer("calcification-order-safety", reply.status_code, reply.json())


NO_RESOURCE = {
    "a number": 5,
    "null": None,
    "a word": "Condition",
    "a list": [],
    "an empty entry": {},
    "a resource that is a word": {"resource": "Condition"},
    "a resource of no type": {"resource": {"id": "x"}},
    "a resource of a type nobody knows": {"resource": {"resourceType": "Sorcery", "id": "x"}},
}


@pytest.mark.parametrize("entry", NO_RESOURCE.values(), ids=NO_RESOURCE)
def test_an_entry_that_is_no_resource_costs_nothing(entry: Any, service: httpx.Client) -> None:
    record = demo_record("metastatic-dialysis")
    whole = opinion(consult(service, record))
    advertised = [each for each in service.get("/cds-services").json()["services"] if each["hook"] == "patient-view"]
    bodies = {each["id"]: request_body(record, each) for each in advertised}
    for identifier, body in bodies.items():
        for answer in body["prefetch"].values():
            if isinstance(answer, dict) and "entry" in answer:
                answer["entry"].insert(0, entry)
        reply = service.post(f"/cds-services/{identifier}", json=body)
        assert reply.status_code == 200
        assert reply.json()["extension"][EVALUATION]["classification"] == whole.classification
