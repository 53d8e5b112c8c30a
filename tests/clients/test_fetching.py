"""What is fetched from a real FHIR server makes the same cards as what a client sends along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cds.demo import WRITTEN_FOR, demo_patients, demo_transactions
from cds.loading import load
from tests.clients.answers import consult_with, without_versions
from tests.clients.fhir_server import FhirServer
from tests.ehr import EVALUATION, Ehr
from tests.stories.telling import demo_record, order_demos, read, without_uuids

pytestmark = pytest.mark.slow

PATIENTS = {name: demo_record(name).patient_id for name in demo_patients()}
Templates = Mapping[str, str]


def _nothing(_: Templates) -> dict[str, str]:
    return {}


def _every_other(first: int) -> Callable[[Templates], dict[str, str]]:
    return lambda templates: dict(list(templates.items())[first::2])


KEPT_BACK = {
    "everything is fetched": _nothing,
    "the first half is sent": _every_other(0),
    "the second half is sent": _every_other(1),
}


@pytest.mark.clause("R5")
@pytest.mark.parametrize("kept", KEPT_BACK.values(), ids=KEPT_BACK)
@pytest.mark.parametrize("name", PATIENTS)
def test_fetched_data_make_the_same_cards(
    name: str, kept: Callable[[Templates], dict[str, str]], fetching: httpx.Client, fhir_server: FhirServer
) -> None:
    patient = PATIENTS[name]
    sent = consult_with(fetching, patient, lambda templates: fhir_server.prefetch(templates, patient))
    fetched = consult_with(
        fetching,
        patient,
        lambda templates: fhir_server.prefetch(kept(templates), patient),
        fhirServer=fhir_server.base,
    )
    for answer in fetched.values():
        outcomes = answer["extension"][EVALUATION].pop("fetch")["outcomes"]
        assert outcomes
        assert set(outcomes.values()) == {"complete"}
    assert without_uuids(fetched) == without_uuids(sent)


@pytest.mark.clause("R5")
@pytest.mark.clause("S9")
def test_a_server_that_is_not_allowed_is_not_asked(fhir_server: FhirServer, service: httpx.Client) -> None:
    patient = PATIENTS["metastatic-hyperparathyroidism"]
    with_patient = consult_with(
        service,
        patient,
        lambda templates: fhir_server.prefetch({"patient": templates["patient"]}, patient),
        fhirServer=fhir_server.base,
    )
    for answer in with_patient.values():
        assert answer["extension"][EVALUATION]["prefetch"]["laboratory"] == "absent"


@pytest.mark.clause("R5")
@pytest.mark.parametrize("name", order_demos())
def test_fetched_data_make_the_same_cards_about_draft_orders(
    name: str, fetching: httpx.Client, fhir_server: FhirServer
) -> None:
    asked = read(order_demos()[name])
    asyncio.run(load(fhir_server.base, {name: _transaction(asked["prefetch"])}))
    path = "/cds-services/calcification-order-safety"
    sent = fetching.post(path, json=asked).json()
    answer = fetching.post(path, json={**asked, "prefetch": {}, "fhirServer": fhir_server.base}).json()
    fetch = answer["extension"][EVALUATION].pop("fetch")
    assert set(fetch["outcomes"].values()) == {"complete"}
    assert without_versions(without_uuids(answer)) == without_uuids(sent)


def _transaction(prefetch: Mapping[str, Any]) -> bytes:
    """What puts the resources of `prefetch` on a server."""
    bundles = [each for each in prefetch.values() if each["resourceType"] == "Bundle"]
    resources = [prefetch["patient"], *(entry["resource"] for each in bundles for entry in each["entry"])]
    entries = {f"{each['resourceType']}/{each['id']}": each for each in resources}
    entry = [{"resource": each, "request": {"method": "PUT", "url": url}} for url, each in entries.items()]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entry}).encode()


PAGE = 50
"""HAPI gives no more resources at once, whatever `_count` says."""


@pytest.fixture(scope="module")
def long_record(fhir_server: FhirServer) -> Ehr:
    """A patient with more results than fit on a page: what matters lies on the second one, behind normal potassium."""
    name, own = "metastatic-hyperparathyroidism", "long-record"
    text = demo_transactions(WRITTEN_FOR)[name].decode().replace(f"demo-{name}", own)
    bundle = json.loads(text)
    for number in range(PAGE + 10):
        drawn = WRITTEN_FOR - timedelta(days=1 + number // 24)
        potassium = {
            "resourceType": "Observation",
            "id": f"{own}-potassium-{number}",
            "status": "final",
            "category": [{"coding": [{"system": _CATEGORY, "code": "laboratory"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
            "subject": {"reference": f"Patient/{own}"},
            "effectiveDateTime": f"{drawn}T{number % 24:02}:00:00Z",
            "valueQuantity": {"value": 4.2, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
        }
        request = {"method": "PUT", "url": f"Observation/{potassium['id']}"}
        bundle["entry"].append({"resource": potassium, "request": request})
    asyncio.run(load(fhir_server.base, {own: json.dumps(bundle).encode()}))
    return Ehr(own, [entry["resource"] for entry in bundle["entry"]])


_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@pytest.mark.clause("R5")
def test_pages_are_read_to_their_end(fetching: httpx.Client, fhir_server: FhirServer, long_record: Ehr) -> None:
    def ask(prefetch: Callable[[Templates], Any], **members: Any) -> Any:
        answers = consult_with(fetching, long_record.patient_id, prefetch, **members)
        states = {each["extension"][EVALUATION]["prefetch"]["laboratory"] for each in answers.values()}
        pages = {each["extension"][EVALUATION].pop("fetch", {}).get("pages", 0) for each in answers.values()}
        return without_versions(without_uuids(answers)), states, pages

    def first_pages(templates: Templates) -> Any:
        return fhir_server.prefetch(templates, long_record.patient_id)

    whole, states, _ = ask(long_record.prefetch)
    assert states == {"present"}
    assert "C-PHPT" in str(whole)

    cut_off, states, _ = ask(first_pages)
    assert states == {"partial"}
    assert "C-PHPT" not in str(cut_off)

    for prefetch in (first_pages, _nothing):
        read_on, states, pages = ask(prefetch, fhirServer=fhir_server.base)
        assert read_on == whole
        assert states == {"present"}
        assert min(pages) >= 1
