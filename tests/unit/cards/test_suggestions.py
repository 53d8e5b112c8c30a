"""Every suggested resource is valid R4, draft, and about this patient (section 13, C3, C4)."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds import data
from cds.cards.suggestions import checked_templates
from cds.hooks.models import Card
from cds.reasoning.chart import Coding, Ref
from cds.reasoning.conclusions import Conclusion, Evaluation, Proposal, Request
from cds.reasoning.knowledge.cards import Cards
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.workup import Workup
from tests.unit.cards.cases import (
    CALCIFICATION,
    RADIOGRAPH,
    REFERRAL,
    SEEN,
    STAGE_CARD,
    VENOUS,
    answer,
    laboratory,
    same,
)

MODELS = {"ServiceRequest": ServiceRequest, "Condition": Condition, "Observation": Observation}
FOLDERS = [data.folder("rules")]
WORKUP = read_chapter(Workup, "workup", FOLDERS)
CARDS = read_chapter(Cards, "cards", FOLDERS)


def card(conclusion: Conclusion, service: str = CALCIFICATION, language: str = "en", **changes: object) -> Card:
    return answer(Evaluation("INDETERMINATE", None, (conclusion,), access=SEEN), service, language, **changes).cards[0]  # type: ignore[arg-type]


def resources(shown: Card) -> list[dict[str, object]]:
    return [action.resource for each in shown.suggestions for action in each.actions if action.resource]


def asking(*requests: Request) -> Conclusion:
    return Conclusion("C-DDX", "DDX-1", requests=requests)


def test_templates_are_valid() -> None:
    assert checked_templates().request["status"] == "draft"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_that_can_be_asked_for_is_valid(language: str) -> None:
    asked = []
    for item in WORKUP.items:
        for property_ in ("", "mass", "molar"):
            code = item.code(property_)
            coding = Coding(code.system, code.code, code.display) if code else None
            asked.append(
                Request(item.kind, item.id, coding, item.text, "asap", "left", (Ref("Condition", "1"),), "X", 14)
            )
    made = resources(card(asking(*asked), language=language))
    assert len(made) == 3 * len(WORKUP.items)
    for resource in made:
        ServiceRequest.model_validate(resource)
        assert (resource["status"], resource["intent"]) == ("draft", "proposal")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_that_can_be_proposed_is_valid(language: str) -> None:
    for entry in CARDS.proposals:
        coding = Coding(entry.coding.system, entry.coding.code, entry.coding.display) if entry.coding else None
        stage = (2, 3) if entry.kind == "stage-observation" else None
        proposal = Proposal(
            entry.kind, entry.id, coding, entry.text, entry.stage_text, stage, (Ref("Observation", "1"),)
        )
        for owner in CARDS.cards:
            for variant in owner.variants:
                if entry.id in variant.proposals:
                    offered = Conclusion(owner.id, owner.rule, variant.id, proposals=(proposal,))
                    (made,) = resources(card(offered, owner.service, language))
                    MODELS[str(made["resourceType"])].model_validate(made)


def test_a_laboratory_request() -> None:
    (made,) = resources(card(asking(laboratory("pth", "14866-8", "urgent", 14))))
    assert made == {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "category": [{"text": "laboratory"}],
        "priority": "urgent",
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "14866-8", "display": "pth display"}],
            "text": "pth (en)",
        },
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "requester": {"reference": "Practitioner/d1"},
        "occurrencePeriod": {"start": "2026-03-26"},
        "reasonReference": [{"reference": "Observation/ca-1"}],
        "note": [{"text": "CLS-1"}],
    }


def test_what_the_context_does_not_have_is_left_out() -> None:
    bare = Request("referral", "x", Coding("http://snomed.info/sct", "183518005"), same("Advice"))
    (made,) = resources(card(asking(bare), encounter_id="", user="Patient/p1"))
    assert set(made) == {"resourceType", "status", "intent", "category", "priority", "code", "subject"}
    assert made["code"] == {"coding": [{"system": "http://snomed.info/sct", "code": "183518005"}], "text": "Advice"}


def test_imaging_in_words_with_its_side() -> None:
    shown = card(asking(RADIOGRAPH), language="fr")
    (made,) = resources(shown)
    assert made["code"] == {"text": "Radiographie de jambe"}
    assert made["bodySite"] == [{"text": "jambe gauche"}]
    assert shown.suggestions[0].label == "Demander : Radiographie de jambe - jambe gauche"


def test_labels_say_what_and_when() -> None:
    labels = [each.label for each in card(asking(laboratory("pth", "1", after=14), REFERRAL)).suggestions]
    assert labels == ["Request: pth (en) (in 14 days or later)", "Refer: Nephrology advice"]


def test_the_stage_as_problem_and_as_observation() -> None:
    problem, observation = resources(card(STAGE_CARD, VENOUS))
    assert problem["stage"] == [{"summary": {"text": "Porter 1988 stage 3-4 of 4"}}]
    assert problem["evidence"] == [{"detail": [{"reference": "Condition/ulcer-1"}]}]
    assert observation["valueInteger"] == 3
    assert observation["derivedFrom"] == [{"reference": "Observation/oedema-1"}], "a Condition cannot stand here"
    assert observation["status"] == "preliminary"


def test_bare_proposals() -> None:
    bare = (
        Proposal("condition", "venous-insufficiency-stage", None, same("CVI")),
        Proposal("stage-observation", "porter-stage", None, same("Stage")),
    )
    problem, observation = resources(card(STAGE_CARD._replace(proposals=bare), VENOUS))
    assert {"stage", "evidence"}.isdisjoint(problem)
    assert {"valueInteger", "component", "derivedFrom"}.isdisjoint(observation)


@pytest.mark.parametrize(
    "name", ["C-CLASS-MIX", "C-CLASS-IND", "C-CALCIPH", "C-CALCIPH-W", "C-TUMOUR", "C-HFTC", "C-FORM"]
)
def test_no_problem_is_ever_proposed_for_an_open_question(name: str) -> None:
    """MIXED, INDETERMINATE, RED-1, tumours and genetic diseases (section 13)."""
    assert all(not each.proposals for each in CARDS[name].variants)
    stowaway = Proposal("condition", "metabolic-calcification", None, same("x"))
    assert card(Conclusion(name, "X", proposals=(stowaway,))).suggestions == ()


def test_no_biopsy_no_compression_no_medicine_can_be_asked_for() -> None:
    for item in WORKUP.items:
        code = item.code()
        assert code is None or code.code not in {"240977001", "413899004"}
        assert item.kind in {"laboratory", "imaging", "referral", "procedure"}
