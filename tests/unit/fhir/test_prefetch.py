"""What we ask for, and what the answers are worth (R5, D4, D5)."""

from __future__ import annotations

from typing import Any

import pytest

from cds.fhir.prefetch import KINDS, kind_of, templates, worst
from cds.fhir.reading import Reader
from cds.fhir.terminology import Terminology
from cds.reasoning.chart import Access
from tests.unit.fhir.resources_by_hand import (
    LOINC,
    NOW,
    PATIENT,
    Resource,
    bundle,
    concept,
    condition,
    observation,
    patient,
    quantity,
    raw,
    resource,
)

ALL = (Access.FAILED, Access.ABSENT, Access.PARTIAL, Access.PRESENT, Access.NONE)


@pytest.mark.clause("D4")
def test_templates_are_what_every_client_can_resolve(terminology: Terminology) -> None:
    made = templates(terminology, terminology.labs)
    assert len(made) <= 10
    for template in made.values():
        assert len(template) < 2000
        assert template.count("{{") == template.count("{{context.patientId}}") == 1
        assert "&date=" not in template
    assert made["patient"] == "Patient/{{context.patientId}}"
    assert "|" not in made["laboratory"]


@pytest.mark.clause("D5")
def test_templates_follow_what_is_read(terminology: Terminology) -> None:
    made = templates(terminology, ["calcium-ionised", "phosphate"], ["laboratory", "medications"])
    assert list(made) == ["patient", "laboratory", "medicationRequests", "medicationStatements"]
    codes = made["laboratory"].rpartition("code=")[2].split(",")
    assert codes == [each.loinc for lab in ("calcium-ionised", "phosphate") for each in terminology.lab_codes(lab)]
    assert (
        templates(terminology, ["phosphate", "calcium-ionised", "phosphate"], ["laboratory"])["laboratory"]
        == made["laboratory"]
    )
    assert list(templates(terminology, [], ["laboratory"])) == ["patient"]


class Verbose:
    """A terminology with more LOINC codes than a URL holds."""

    def lab_codes(self, lab: str) -> list[Any]:
        return [type("Code", (), {"loinc": f"{number}-{lab}"}) for number in range(10_000, 10_200)]


def test_codes_beyond_one_url_make_a_second_template() -> None:
    made = templates(Verbose(), ["1", "2"], ["laboratory"])  # type: ignore[arg-type]
    keys = [key for key in made if key.startswith("laboratory")]
    assert keys == ["laboratory", "laboratory2"]
    assert all(1900 < len(made[key]) < 2000 for key in keys[:1])
    assert all(kind_of(key) == "laboratory" for key in keys)
    codes = [code for key in keys for code in made[key].rpartition("code=")[2].split(",")]
    assert codes == [f"{number}-{lab}" for lab in "12" for number in range(10_000, 10_200)]


def test_the_kind_of_a_key(terminology: Terminology) -> None:
    assert {kind_of(key) for key in templates(terminology, terminology.labs)} == set(KINDS)
    assert [kind_of(key) for key in ("laboratoryx", "", "labs")] == ["", "", ""]


@pytest.mark.parametrize("place", range(len(ALL)))
def test_the_worst_of_several_keys_counts(place: int) -> None:
    assert worst(ALL[place:]) is ALL[place]
    assert worst(reversed(ALL[place:])) is ALL[place]


def access(reader: Reader, prefetch: dict[str, object], **options: Any) -> dict[str, Access]:
    return dict(reader.read({key: raw(value) for key, value in prefetch.items()}, PATIENT, NOW, **options).chart.access)


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}


@pytest.mark.clause("R5")
def test_five_states(reader: Reader) -> None:
    sent: dict[str, object] = {
        "patient": patient(),
        "conditions": None,
        "laboratory": bundle(),
        "findings": bundle(observation(), link=[{"relation": "next"}]),
        "medicationRequests": None,
        "medicationStatements": OUTCOME,
        "procedures": {},
        "reports": bundle(OUTCOME),
    }
    reading = reader.read({key: raw(value) for key, value in sent.items()}, PATIENT, NOW)
    assert reading.prefetch == {
        "patient": "present",
        "conditions": "none",
        "laboratory": "none",
        "findings": "partial",
        "medicationRequests": "none",
        "medicationStatements": "failed",
        "procedures": "absent",
        "reports": "failed",
        "orders": "absent",
    }
    assert reading.chart.access == {
        "patient": "present",
        "conditions": "none",
        "laboratory": "none",
        "findings": "partial",
        "medications": "failed",
        "procedures": "absent",
        "reports": "failed",
        "orders": "absent",
    }


def test_nothing_at_all(reader: Reader) -> None:
    assert set(access(reader, {}).values()) == {Access.ABSENT}


HEIGHT = observation("h", code=concept(None, (LOINC, "8302-2")), valueQuantity=quantity(170, "cm"))
SIGN = observation("s", code=concept("Ankle oedema"), valueBoolean=True)
STATEMENT = resource("MedicationStatement", status="active", medicationCodeableConcept=concept("Warfarin"))
OTHER_NAMES: list[tuple[Resource, dict[str, str]]] = [
    (bundle(condition()), {"conditions": "present"}),
    (bundle(observation()), {"laboratory": "present"}),
    (bundle(HEIGHT), {}),
    (bundle(SIGN), {"findings": "present"}),
    (bundle(SIGN, observation()), {"findings": "present", "laboratory": "present"}),
    (bundle(STATEMENT), {"medications": "present"}),
    (bundle(patient(), STATEMENT, link=[{"relation": "next"}]), {"patient": "partial", "medications": "partial"}),
    (bundle(), {}),
]


@pytest.mark.parametrize(("value", "expected"), OTHER_NAMES)
def test_a_kind_that_comes_under_another_name_is_present(
    choosy_reader: Reader, value: Resource, expected: dict[str, str]
) -> None:
    found = access(choosy_reader, {"everything": value})
    assert found == dict.fromkeys(KINDS, Access.ABSENT) | expected


def test_an_advertised_failure_is_not_healed_by_another_key(reader: Reader) -> None:
    assert access(reader, {"medicationRequests": OUTCOME, "mine": bundle(STATEMENT)})["medications"] is Access.FAILED
    assert access(reader, {"medicationRequests": None, "mine": bundle(STATEMENT)})["medications"] is Access.PRESENT
    assert access(reader, {"medicationRequests": None})["medications"] is Access.ABSENT


def test_a_whole_record_leaves_nothing_to_ask_for(reader: Reader) -> None:
    found = access(reader, {"file": bundle(patient(), condition())}, whole_record=True)
    assert found == dict.fromkeys(KINDS, Access.NONE) | {"patient": Access.PRESENT, "conditions": Access.PRESENT}


def test_site_templates(reader: Reader, terminology: Terminology) -> None:
    assert reader.templates == templates(terminology, terminology.labs)
