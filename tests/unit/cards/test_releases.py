"""A client of R5 or STU3 is suggested resources of its own release (C4)."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources import condition as condition_r5
from fhir.resources import observation as observation_r5
from fhir.resources import servicerequest as request_r5
from fhir.resources.STU3 import condition as condition_stu3
from fhir.resources.STU3 import observation as observation_stu3
from fhir.resources.STU3 import procedurerequest as request_stu3

from cds.cards.releases import in_release
from cds.reasoning.chart import Ref
from cds.reasoning.conclusions import Conclusion, Evaluation
from tests.unit.cards.cases import CALCIFICATION, RADIOGRAPH, SEEN, STAGE_CARD, VENOUS, answer, laboratory

MODELS: dict[str, dict[str, Any]] = {
    "5.0.0": {
        "ServiceRequest": request_r5.ServiceRequest,
        "Condition": condition_r5.Condition,
        "Observation": observation_r5.Observation,
    },
    "3.0.2": {
        "ProcedureRequest": request_stu3.ProcedureRequest,
        "Condition": condition_stu3.Condition,
        "Observation": observation_stu3.Observation,
    },
}
REASONS = (Ref("Condition", "c"), Ref("Observation", "o"), Ref("DiagnosticReport", "d"))
ASKED = Conclusion(
    "C-DDX", "DDX-1", requests=(RADIOGRAPH._replace(reasons=REASONS), laboratory("pth", "2731-8", after=14))
)


def suggested(
    version: str, conclusion: Conclusion, service: str = CALCIFICATION, **changes: object
) -> list[dict[str, Any]]:
    evaluation = Evaluation("INDETERMINATE", None, (conclusion,), access=SEEN)
    card = answer(evaluation, service, fhir_version=version, **changes).cards[0]
    return [action.resource for each in card.suggestions for action in each.actions if action.resource]


@pytest.mark.clause("C4")
@pytest.mark.parametrize("version", MODELS)
def test_what_is_asked_for_is_valid_in_the_release_of_the_client(version: str) -> None:
    made = suggested(version, ASKED)
    assert len(made) == 2
    for each in made:
        MODELS[version][each["resourceType"]].model_validate(each)


def test_a_request_of_r5_codes_a_concept_and_refers_to_reasons() -> None:
    radiograph, _ = suggested("5.0.0", ASKED)
    assert radiograph["resourceType"] == "ServiceRequest"
    assert radiograph["code"]["concept"]["text"]
    assert [each["reference"]["reference"] for each in radiograph["reason"]] == [
        "Condition/c",
        "Observation/o",
        "DiagnosticReport/d",
    ]
    assert "reasonReference" not in radiograph


def test_a_request_of_stu3_is_a_procedure_request_in_its_context() -> None:
    radiograph, _ = suggested("3.0.2", ASKED)
    assert radiograph["resourceType"] == "ProcedureRequest"
    assert radiograph["context"] == {"reference": "Encounter/e1"}
    assert radiograph["requester"] == {"agent": {"reference": "Practitioner/d1"}}
    # In STU3 a report is no reason for a request.
    assert [each["reference"] for each in radiograph["reasonReference"]] == ["Condition/c", "Observation/o"]
    assert not {"encounter", "authoredOn"} & set(radiograph)


def test_a_role_is_no_agent_in_stu3() -> None:
    assert all("requester" not in each for each in suggested("3.0.2", ASKED, user="PractitionerRole/r"))
    assert all("requester" in each for each in suggested("5.0.0", ASKED, user="PractitionerRole/r"))


@pytest.mark.parametrize("version", MODELS)
def test_what_is_proposed_is_valid_in_the_release_of_the_client(version: str) -> None:
    made = {each["resourceType"]: each for each in suggested(version, STAGE_CARD, VENOUS)}
    assert set(made) == {"Condition", "Observation"}
    for kind, each in made.items():
        MODELS[version][kind].model_validate(each)


def test_statuses_of_stu3_are_codes_and_numbers_are_quantities() -> None:
    made = {each["resourceType"]: each for each in suggested("3.0.2", STAGE_CARD, VENOUS)}
    assert made["Condition"]["verificationStatus"] == "provisional"
    assert made["Condition"]["stage"] == {"summary": {"text": "Porter 1988 stage 3-4 of 4"}}
    assert made["Observation"]["valueQuantity"] == {"value": 3}
    assert made["Observation"]["related"] == [{"type": "derived-from", "target": {"reference": "Observation/oedema-1"}}]


def test_r4_stays_as_it_is() -> None:
    made = {"resourceType": "ServiceRequest", "code": {"text": "x"}}
    assert in_release("R4", made) is made


def test_dstu2_is_asked_in_words() -> None:
    assert suggested("1.0.2", ASKED) == []


@pytest.mark.parametrize("version", MODELS)
def test_what_the_context_and_the_conclusion_lack_is_left_out(version: str) -> None:
    """No encounter, no practitioner, no reason, no stage, no sign; or signs to which the release knows no reference."""
    bare = Conclusion("C-DDX", "DDX-1", requests=(RADIOGRAPH._replace(reasons=()),))
    nothing = STAGE_CARD._replace(
        proposals=tuple(each._replace(stage_text=None, stage=None, sources=()) for each in STAGE_CARD.proposals)
    )
    media = STAGE_CARD._replace(
        proposals=tuple(each._replace(sources=(Ref("Media", "m"),)) for each in STAGE_CARD.proposals)
    )
    made = [
        *suggested(version, bare, encounter_id="", user="Patient/p1"),
        *suggested(version, nothing, VENOUS, encounter_id="", user=""),
        *suggested(version, media, VENOUS),
    ]
    assert len(made) == 5
    for each in made:
        MODELS[version][each["resourceType"]].model_validate(each)
        assert not {"related", "derivedFrom", "reason", "reasonReference", "requester"} & set(each)
