"""A JavaScript client (`@medplum/core`): it discovers us, fills our templates from a real FHIR server, and gets our cards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.demo import demo_patients
from tests.clients.fhir_server import FhirServer
from tests.clients.peers import program, run
from tests.stories.telling import demo_record, without_uuids

pytestmark = pytest.mark.slow

PATIENTS = {name: demo_record(name).patient_id for name in demo_patients()}


@pytest.fixture(scope="module")
def said(medplum: Path, fhir_server: FhirServer, service: httpx.Client) -> Any:
    """What the client saw, for every demonstration patient."""
    script, base = str(medplum / "consult.mjs"), str(service.base_url).rstrip("/")
    return json.loads(run([program("node"), script, base, fhir_server.base, *PATIENTS.values()]))


def test_lists_every_service(said: Any, service: httpx.Client) -> None:
    assert said["services"] == service.get("/cds-services").json()["services"]


def _of(said: Any, name: str) -> Iterator[Any]:
    return (each for each in said["consulted"] if each["patient"] == PATIENTS[name])


@pytest.mark.parametrize("name", PATIENTS)
def test_fills_every_template(name: str, said: Any) -> None:
    for each in _of(said, name):
        asked = next(s["prefetch"] for s in said["services"] if s["id"] == each["service"])
        assert each["request"]["prefetch"].keys() == asked.keys()
        assert each["request"]["prefetch"]["patient"]["id"] == PATIENTS[name]
        assert all(
            answer["resourceType"] == "Bundle"
            for key, answer in each["request"]["prefetch"].items()
            if key != "patient"
        )


@pytest.mark.parametrize("name", PATIENTS)
def test_gets_the_cards_of_the_data_that_it_sent(name: str, said: Any, service: httpx.Client) -> None:
    answers = list(_of(said, name))
    assert {each["service"] for each in answers} == {"soft-tissue-calcification", "chronic-venous-insufficiency"}
    for each in answers:
        again = service.post(f"/cds-services/{each['service']}", json=each["request"]).json()
        assert without_uuids(each["answer"]) == without_uuids(again)


def test_shows_what_a_clinician_must_see(said: Any) -> None:
    shown = {
        (name, card["indicator"], card["source"]["topic"]["code"], bool(card.get("suggestions")))
        for name in PATIENTS
        for each in _of(said, name)
        for card in each["answer"]["cards"]
    }
    assert ("calciphylaxis-warning", "warning", "C-CALCIPH-W", True) in shown
    assert ("metastatic-hyperparathyroidism", "warning", "C-PHPT", True) in shown
    assert ("metastatic-dialysis", "warning", "C-CLASS-MET", True) in shown
    assert "nothing-to-say" not in {name for name, *_ in shown}
