"""A real FHIR server: it takes the demonstration patients, answers every template, and its answers make the same cards."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from cds.consult import Consultant
from cds.demo import demo_patients
from cds.settings import Settings
from tests.clients.answers import consult_with, without_versions
from tests.clients.fhir_server import FhirServer
from tests.stories.telling import demo_record, without_uuids

pytestmark = pytest.mark.slow

PATIENTS = demo_patients()
TEMPLATES = {
    f"{service.id}-{key}": template
    for service in Consultant.load(Settings()).services
    for key, template in service.prefetch.items()
}
CONTROLS = {"_count", "_sort"}


def test_is_hapi_and_speaks_r4(fhir_server: FhirServer) -> None:
    capabilities = fhir_server.get("metadata").json()
    assert capabilities["software"] == {"name": "HAPI FHIR Server", "version": "8.8.0"}
    assert capabilities["fhirVersion"] == "4.0.1"


@pytest.mark.parametrize("name", PATIENTS)
def test_has_every_resource_of_the_demonstration_patients(name: str, fhir_server: FhirServer) -> None:
    for entry in json.loads(PATIENTS[name].read_text(encoding="utf-8"))["entry"]:
        resource = entry["resource"]
        stored = fhir_server.get(f"{resource['resourceType']}/{resource['id']}").json()
        del stored["meta"]
        assert stored == resource | ({"text": stored["text"]} if "text" in stored else {})


@pytest.mark.clause("D4")
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_answers_every_template(template: str, fhir_server: FhirServer) -> None:
    query = template.replace("{{context.patientId}}", "demo-metastatic-dialysis")
    kind, is_search, parameters = query.partition("?")
    answer = fhir_server.client.get(f"{fhir_server.base}/{query}", headers={"Prefer": "handling=strict"})
    assert answer.status_code == 200, answer.text
    if not is_search:
        assert answer.json()["resourceType"] == kind.partition("/")[0]
        return
    posted = fhir_server.client.post(f"{fhir_server.base}/{kind}/_search", data=dict(parse_qsl(parameters)))
    found = answer.json()
    assert found["type"] == "searchset"
    assert {entry["resource"]["resourceType"] for entry in found.get("entry", ())} <= {kind}
    assert found.get("entry") == posted.json().get("entry")


@pytest.mark.clause("D4")
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_knows_every_search_parameter(template: str, fhir_server: FhirServer) -> None:
    kind, _, parameters = template.partition("?")
    declared = {each["type"]: each for each in fhir_server.get("metadata").json()["rest"][0]["resource"]}
    known = declared[kind.partition("/")[0]]
    assert {"read", "search-type"} <= {each["code"] for each in known["interaction"]}
    names = {name for name, _ in parse_qsl(parameters)} - CONTROLS
    sorts = set(re.findall(r"_sort=-?(\w+)", parameters))
    assert names | sorts <= {each["name"] for each in known["searchParam"]}


@pytest.mark.parametrize("name", PATIENTS)
def test_its_answers_make_the_same_cards_as_the_record_of_the_tests(
    name: str, fhir_server: FhirServer, service: httpx.Client
) -> None:
    by_hand = demo_record(name)

    def answers(prefetch: Any) -> Any:
        return without_uuids(consult_with(service, by_hand.patient_id, prefetch))

    real = answers(lambda templates: fhir_server.prefetch(templates, by_hand.patient_id))
    assert without_versions(real) == answers(by_hand.prefetch)
    assert (without_versions(real) != real) is any(answer["cards"] for answer in real.values())


@pytest.mark.clause("C4")
@pytest.mark.parametrize("name", PATIENTS)
def test_its_validator_accepts_every_suggested_resource(
    name: str, fhir_server: FhirServer, service: httpx.Client
) -> None:
    record = demo_record(name)
    for answer in consult_with(service, record.patient_id, record.prefetch).values():
        for resource in _suggested(answer):
            assert _errors(fhir_server, resource) == []


@pytest.mark.clause("C4")
def test_its_validator_would_find_a_mistake(fhir_server: FhirServer) -> None:
    order = {"resourceType": "ServiceRequest", "status": "draft", "subject": {"reference": "Patient/example"}}
    assert any("intent" in each for each in _errors(fhir_server, order))
    assert _errors(fhir_server, {**order, "intent": "proposal"}) == []


def _suggested(answer: Any) -> list[Any]:
    suggestions = [each for card in answer["cards"] for each in card.get("suggestions", ())]
    return [action["resource"] for each in suggestions for action in each["actions"]]


def _errors(fhir_server: FhirServer, resource: Any) -> list[str]:
    asked = f"{fhir_server.base}/{resource['resourceType']}/$validate"
    outcome = fhir_server.client.post(asked, json=resource).json()
    assert outcome["resourceType"] == "OperationOutcome"
    return [each["diagnostics"] for each in outcome["issue"] if each["severity"] in ("error", "fatal")]
