"""The same patient, written in R4, R5, STU3 or DSTU2: the same answer (issue of versions, D6)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import httpx
import pytest
from fhir.resources import get_fhir_model_class
from fhir.resources.STU3 import get_fhir_model_class as get_stu3_model_class

from tests.ehr import EVALUATION
from tests.releases import RELEASES
from tests.stories.telling import demo_record, demos

MODELS = {"5.0.0": get_fhir_model_class, "3.0.2": get_stu3_model_class}


def resources(name: str, version: str) -> list[dict[str, Any]]:
    written = RELEASES.get(version, lambda each: each)
    return [written(deepcopy(each)) for each in demo_record(name).resources]


@pytest.mark.parametrize("version", MODELS)
@pytest.mark.parametrize("name", demos())
def test_the_data_are_valid_in_their_version(name: str, version: str) -> None:
    for each in resources(name, version):
        MODELS[version](each["resourceType"]).model_validate(each)


def answers(name: str, version: str, service: httpx.Client) -> list[dict[str, Any]]:
    """What the services of patient-view say of all data sent in one Bundle."""
    entries = [{"resource": each} for each in resources(name, version)]
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/demo", "patientId": demo_record(name).patient_id},
        "prefetch": {"record": {"resourceType": "Bundle", "type": "collection", "entry": entries}},
    }
    replies = [
        service.post(f"/cds-services/{each}", json=body)
        for each in ("soft-tissue-calcification", "chronic-venous-insufficiency")
    ]
    assert [each.status_code for each in replies] == [200, 200]
    return [each.json() for each in replies]


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("name", demos())
def test_every_version_gets_the_same_cards(name: str, version: str, service: httpx.Client) -> None:
    for r4, other in zip(answers(name, "4.0.1", service), answers(name, version, service), strict=True):
        assert [each["summary"] for each in other["cards"]] == [each["summary"] for each in r4["cards"]]
        assert other["extension"][EVALUATION] == r4["extension"][EVALUATION]


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("name", demos())
def test_what_is_suggested_is_of_the_version_that_was_met(name: str, version: str, service: httpx.Client) -> None:
    # An R5 record shows itself only where R5 differs from R4.
    distinct = version != "5.0.0" or any(
        each["resourceType"] in {"MedicationStatement", "Procedure"} for each in resources(name, version)
    )
    for r4, other in zip(answers(name, "4.0.1", service), answers(name, version, service), strict=True):
        for before, after in zip(r4["cards"], other["cards"], strict=True):
            was, now = kinds(before), kinds(after)
            if not distinct:
                assert now == was
            elif version == "1.0.2":
                assert now == []
                assert ("In words only" in after["detail"]) is bool(was)
            else:
                named = {"ServiceRequest": "ProcedureRequest"} if version == "3.0.2" else {}
                assert now == [named.get(each, each) for each in was]
                validate(after, version)


def kinds(card: dict[str, Any]) -> list[str]:
    return [each["resource"]["resourceType"] for each in actions(card)]


def actions(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [action for each in card.get("suggestions", ()) for action in each["actions"]]


def validate(card: dict[str, Any], version: str) -> None:
    for each in actions(card):
        MODELS[version](each["resource"]["resourceType"]).model_validate(each["resource"])
