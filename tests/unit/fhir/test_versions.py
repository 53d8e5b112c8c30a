"""R5, STU3 and DSTU2 say what R4 says, in other members; and each shape shows who may have written it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import fhir.resources
import pytest
from fhir.resources import get_fhir_model_class
from fhir.resources.R4B import get_fhir_model_class as get_r4b_model_class
from fhir.resources.STU3 import get_fhir_model_class as get_stu3_model_class

from cds.fhir.reading import Reader, Reading
from cds.fhir.resources import NOT_READ, READ
from cds.reasoning.chart import Chart
from tests.unit.fhir.resources_by_hand import (
    LOINC,
    NOW,
    PATIENT,
    SNOMED,
    Resource,
    concept,
    condition,
    observation,
    patient,
    quantity,
    raw,
    read,
    refused,
    resource,
)

ATC = "http://www.whocc.no/atc"
WARFARIN = concept("Warfarin 5 mg", (ATC, "B01AA03", "warfarin"))
DIALYSIS = concept("Haemodialysis", (SNOMED, "302497006", "Hemodialysis"))
CALCIUM = concept("Calcium", (LOINC, "2000-8"))
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
OF_PATIENT = {"subject": None, "patient": {"reference": f"Patient/{PATIENT}"}}
"""DSTU2 says `patient` in many places."""
ADHERENCE = "http://hl7.org/fhir/CodeSystem/medication-statement-adherence"
SITE = concept("left thigh")


def chosen(kind: str, **members: Any) -> Resource:
    return resource(kind, **members)


def adheres(code: str) -> Resource:
    return {"code": {"coding": [{"system": ADHERENCE, "code": code}]}}


SAME: dict[str, tuple[Resource, dict[str, Resource]]] = {
    "a problem": (
        condition(
            clinicalStatus=concept(None, (CLINICAL, "resolved")),
            verificationStatus=concept(None, ("", "provisional")),
            recordedDate="2025-01-01",
            note=[{"text": "since childhood"}],
        ),
        {
            "3.0.2": condition(
                clinicalStatus="resolved",
                verificationStatus="provisional",
                assertedDate="2025-01-01",
                note=[{"text": "since childhood"}],
            ),
            "1.0.2": condition(
                clinicalStatus="resolved",
                verificationStatus="provisional",
                dateRecorded="2025-01-01",
                notes="since childhood",
                category=concept("Diagnosis", ("", "diagnosis")),
                **OF_PATIENT,
            ),
        },
    ),
    "an age at onset and abatement": (
        condition(onsetAge={"value": 40, "code": "a"}, abatementAge={"value": 41, "code": "a"}),
        {
            "1.0.2": condition(
                clinicalStatus="resolved",
                onsetQuantity={"value": 40, "code": "a"},
                abatementQuantity={"value": 41, "code": "a"},
                **OF_PATIENT,
            )
        },
    ),
    "a prescription": (
        chosen(
            "MedicationRequest",
            status="completed",
            intent="order",
            medicationCodeableConcept=WARFARIN,
            authoredOn="2025-01-01",
            dosageInstruction=[{"site": SITE, "timing": {"repeat": {"boundsPeriod": {"end": "2025-03-01"}}}}],
            note=[{"text": "evenings"}],
        ),
        {
            "5.0.0": chosen(
                "MedicationRequest",
                status="ended",
                intent="order",
                medication={"concept": WARFARIN},
                authoredOn="2025-01-01",
                effectiveDosePeriod={"end": "2025-03-01"},
                dosageInstruction=[{"site": SITE}],
                note=[{"text": "evenings"}],
            ),
            "1.0.2": chosen(
                "MedicationOrder",
                status="completed",
                medicationCodeableConcept=WARFARIN,
                dateWritten="2025-01-01",
                dateEnded="2025-03-01",
                dosageInstruction=[{"siteCodeableConcept": SITE}],
                note="evenings",
                **OF_PATIENT,
            ),
        },
    ),
    "a contained medicine": (
        chosen(
            "MedicationRequest",
            status="active",
            intent="order",
            contained=[{"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": WARFARIN}]}],
            medicationReference={"reference": "#m"},
        ),
        {
            "5.0.0": chosen(
                "MedicationRequest",
                status="active",
                intent="order",
                contained=[{"resourceType": "Medication", "id": "m", "ingredient": [{"item": {"concept": WARFARIN}}]}],
                medication={"reference": {"reference": "#m"}},
            ),
        },
    ),
    "a medicine that is taken": (
        chosen("MedicationStatement", status="active", medicationCodeableConcept=WARFARIN),
        {
            "5.0.0": chosen("MedicationStatement", status="recorded", medication={"concept": WARFARIN}),
            "3.0.2": chosen("MedicationStatement", status="active", taken="y", medicationCodeableConcept=WARFARIN),
            "1.0.2": chosen(
                "MedicationStatement",
                status="active",
                wasNotTaken=False,
                medicationCodeableConcept=WARFARIN,
                **OF_PATIENT,
            ),
        },
    ),
    "a medicine that was stopped": (
        chosen("MedicationStatement", status="stopped", medicationCodeableConcept=WARFARIN, dateAsserted="2025-05-01"),
        {
            "5.0.0": chosen(
                "MedicationStatement",
                status="recorded",
                adherence=adheres("stopped-as-directed"),
                medication={"concept": WARFARIN},
                dateAsserted="2025-05-01",
            ),
        },
    ),
    "a procedure": (
        chosen("Procedure", status="completed", code=DIALYSIS, performedPeriod={"start": "2024", "end": "2025"}),
        {
            "5.0.0": chosen(
                "Procedure", status="completed", code=DIALYSIS, occurrencePeriod={"start": "2024", "end": "2025"}
            ),
            "3.0.2": chosen(
                "Procedure",
                status="completed",
                notDone=False,
                code=DIALYSIS,
                performedPeriod={"start": "2024", "end": "2025"},
            ),
        },
    ),
    "a procedure with a note": (
        chosen("Procedure", status="completed", code=DIALYSIS, performedDateTime="2024", note=[{"text": "at home"}]),
        {
            "1.0.2": chosen(
                "Procedure", status="completed", code=DIALYSIS, performedDateTime="2024", notes=[{"text": "at home"}]
            ),
            "5.0.0": chosen(
                "Procedure", status="completed", code=DIALYSIS, occurrenceDateTime="2024", note=[{"text": "at home"}]
            ),
        },
    ),
    "a report": (
        chosen("DiagnosticReport", status="final", code=concept("Radiograph"), conclusionCode=[concept("Calcinosis")]),
        {
            "1.0.2": chosen(
                "DiagnosticReport", status="final", code=concept("Radiograph"), codedDiagnosis=[concept("Calcinosis")]
            ),
        },
    ),
    "an order": (
        chosen("ServiceRequest", status="active", intent="order", code=CALCIUM, authoredOn="2026-02-01"),
        {
            "5.0.0": chosen(
                "ServiceRequest", status="active", intent="order", code={"concept": CALCIUM}, authoredOn="2026-02-01"
            ),
        },
    ),
}
CASES = [(name, version) for name, (_, others) in SAME.items() for version in others]


def said(chart: Chart) -> list[Any]:
    """Everything in the chart, but for the references and what the category of a Condition changes."""
    data = (*chart.problems, *chart.medicines, *chart.procedures, *chart.reports, *chart.orders, *chart.measurements)
    return [each._replace(source=None, **({"clinical": ""} if hasattr(each, "clinical") else {})) for each in data]


@pytest.mark.parametrize(("name", "version"), CASES)
def test_other_versions_say_the_same(reader: Reader, name: str, version: str) -> None:
    r4, others = SAME[name]
    born = patient(birthDate="1960-01-01")
    expected, found = read(reader, born, r4), read(reader, born, others[version])
    assert said(found.chart) == said(expected.chart) != []
    assert refused(found) == refused(expected) == []
    assert (expected.fhir_version, found.fhir_version) == ("", version)


MODELS = {"4.0.1": get_r4b_model_class, "5.0.0": get_fhir_model_class, "3.0.2": get_stu3_model_class}
WRITTEN = [("4.0.1", name, r4) for name, (r4, _) in SAME.items()] + [
    (version, name, each) for name, (_, others) in SAME.items() for version, each in others.items() if version in MODELS
]


@pytest.mark.parametrize(
    ("version", "name", "each"), WRITTEN, ids=[f"{name}-{version}" for version, name, _ in WRITTEN]
)
def test_the_members_of_the_cases_exist_in_their_version(version: str, name: str, each: Resource) -> None:
    model = MODELS[version](each["resourceType"])
    known = {field.alias or own for own, field in model.model_fields.items()} | {"resourceType"}
    assert set(each) <= known


NOT_TAKEN = [
    chosen("MedicationStatement", status="recorded", adherence=adheres("not-taking"), medication={"concept": WARFARIN}),
    chosen("MedicationStatement", status="recorded", adherence=adheres("unknown"), medication={"concept": WARFARIN}),
    chosen("MedicationStatement", status="recorded", adherence=adheres("perhaps"), medication={"concept": WARFARIN}),
    chosen("MedicationStatement", status="draft", medication={"concept": WARFARIN}),
    chosen("MedicationStatement", status="active", taken="n", medicationCodeableConcept=WARFARIN),
    chosen("MedicationStatement", status="active", wasNotTaken=True, medicationCodeableConcept=WARFARIN, **OF_PATIENT),
    chosen("MedicationStatement", status="intended", medicationCodeableConcept=WARFARIN, **OF_PATIENT),
    chosen("Procedure", status="completed", notDone=True, code=DIALYSIS),
    chosen("Procedure", status="aborted", notPerformed=True, code=DIALYSIS),
]


@pytest.mark.parametrize("each", NOT_TAKEN)
def test_what_was_not_taken_or_done_is_no_evidence(reader: Reader, each: Resource) -> None:
    found = read(reader, each)
    assert refused(found) == [(f"{each['resourceType']}/r1", "status")]
    assert found.chart.medicines == found.chart.procedures == ()


@pytest.mark.parametrize("kind", ["MedicationStatement", "Procedure"])
def test_what_was_entered_in_error_stays_so(reader: Reader, kind: str) -> None:
    error = chosen(
        kind, status="entered-in-error", code=DIALYSIS, notDone=True, taken="n", medication={"concept": WARFARIN}
    )
    assert refused(read(reader, error)) == [(f"{kind}/r1", "entered-in-error")]


@pytest.mark.parametrize("member", ["comment", "comments"])
def test_a_comment_is_a_note(reader: Reader, member: str) -> None:
    (found,) = read(reader, observation(**{member: "haemolysed"})).chart.measurements
    (plain,) = read(reader, observation(note=[{"text": "haemolysed"}])).chart.measurements
    assert found == plain
    assert found.note == "haemolysed"


def test_a_comment_of_a_finding_is_a_note(reader: Reader) -> None:
    members = {"code": concept("Oedema of the ankle"), "valueString": "yes"}
    (found,) = read(reader, observation(comment="pitting", **members)).chart.findings
    assert found.value_texts == ("yes", "pitting")


def test_related_members_make_a_panel(reader: Reader) -> None:
    related = [{"type": "has-member", "target": {"reference": "Observation/a"}}]
    panel = observation(code=concept("Renal panel"), valueQuantity=None, related=related)
    assert read(reader, panel).chart.findings == ()
    derived = observation(code=concept("Swelling"), valueQuantity=None, related=[{"type": "derived-from"}])
    assert len(read(reader, derived).chart.findings) == 1


def test_one_interpretation_that_is_not_in_a_list(reader: Reader) -> None:
    alone = concept("High", ("http://hl7.org/fhir/v2/0078", "H"))
    (found,) = read(reader, observation(interpretation=alone)).chart.measurements
    assert found.interpretation == "H"


@pytest.mark.parametrize("meaning", ["normal", "recommended"])
def test_the_meaning_of_a_range_is_its_type(reader: Reader, meaning: str) -> None:
    limits = {"low": quantity(2.1), "high": quantity(2.6), "meaning": concept(None, ("", meaning))}
    (found,) = read(reader, observation(referenceRange=[limits])).chart.measurements
    assert (found.low, found.high) == ((2.1, 2.6) if meaning == "normal" else (None, None))


OLDER_ORDERS = [
    ("ProcedureRequest", {"status": "active", "code": CALCIUM, "authoredOn": "2026-02-01"}, "3.0.2"),
    ("ProcedureRequest", {"status": "requested", "code": CALCIUM, "orderedOn": "2026-02-01"}, "1.0.2"),
    ("ProcedureRequest", {"status": "accepted", "code": CALCIUM, "scheduledDateTime": "2026-02-01"}, "1.0.2"),
    ("DiagnosticOrder", {"status": "requested", "item": [{"code": CALCIUM}], "event": [{"dateTime": "2026-02-01"}]}, "1.0.2"),
    ("ReferralRequest", {"status": "active", "serviceRequested": [CALCIUM], "authoredOn": "2026-02-01"}, "1.0.2"),
    ("ReferralRequest", {"status": "requested", "serviceRequested": [CALCIUM], "date": "2026-02-01"}, "1.0.2"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "members", "version"), OLDER_ORDERS)
def test_orders_had_other_names(reader: Reader, kind: str, members: dict[str, Any], version: str) -> None:
    found = read(reader, chosen(kind, **members))
    (order,) = found.chart.orders
    (r4,) = read(reader, SAME["an order"][0]).chart.orders
    assert order == r4._replace(source=order.source)
    assert (str(order.source), found.fhir_version) == (f"{kind}/r1", version)


@pytest.mark.parametrize("state", ["proposed", "planned", "draft"])
def test_what_is_only_proposed_is_not_placed(reader: Reader, state: str) -> None:
    (order,) = read(reader, chosen("DiagnosticOrder", status=state, item=[{"code": CALCIUM}])).chart.orders
    assert not order.placed


@pytest.mark.parametrize("state", ["completed", "rejected", "suspended", "review"])
def test_what_is_over_asks_for_nothing(reader: Reader, state: str) -> None:
    assert read(reader, chosen("DiagnosticOrder", status=state, item=[{"code": CALCIUM}])).chart.orders == ()


def test_an_order_of_several_tests_names_each(reader: Reader) -> None:
    items = [{"code": CALCIUM}, {}, {"code": concept("PTH", (LOINC, "2731-8"))}]
    (order,) = read(reader, chosen("DiagnosticOrder", status="requested", item=items)).chart.orders
    assert order.loincs == ("2000-8", "2731-8")
    assert len(order.labs) == 2


def test_an_order_of_r5_may_only_be_named(reader: Reader) -> None:
    code = {"reference": {"reference": "PlanDefinition/1", "display": "Calcium profile"}}
    (order,) = read(reader, chosen("ServiceRequest", status="active", code=code)).chart.orders
    assert order.texts == ("Calcium profile",)


def test_a_reference_deep_inside_a_code_makes_it_no_r5(reader: Reader) -> None:
    extension = [{"url": "https://ehr.example/catalogue", "valueReference": {"reference": "Basic/1"}}]
    (order,) = read(
        reader, chosen("ServiceRequest", status="active", code=CALCIUM | {"extension": extension})
    ).chart.orders
    assert order.loincs == ("2000-8",)


def test_older_members_are_read_beside_a_date_of_r4(reader: Reader) -> None:
    mixed = condition(recordedDate="2025-01-01", notes="since childhood", onsetQuantity={"value": 40, "code": "a"})
    found = read(reader, patient(birthDate="1960-01-01"), mixed)
    (problem,) = found.chart.problems
    assert "since childhood" in problem.texts
    assert problem.onset is not None
    assert (problem.recorded and problem.recorded.written, found.fhir_version) == ("2025-01-01", "")


@pytest.mark.parametrize("code", [{"concept": 7}, {"concept": {"coding": "x"}}, {"reference": []}])
def test_an_order_of_r5_that_cannot_be_read_costs_only_itself(reader: Reader, code: Any) -> None:
    broken = chosen("ServiceRequest", status="active", code=code) | {"id": "broken"}
    found = read(reader, broken, SAME["an order"][0])
    assert [str(each.source) for each in found.chart.orders if each.texts] == ["ServiceRequest/r1"]


# ---- which version


@pytest.mark.parametrize(
    ("written", "version"),
    [
        ([], ""),
        ([patient(), observation()], ""),
        ([condition(clinicalStatus="active")], "3.0.2"),
        ([condition(clinicalStatus="active", subject=None)], "1.0.2"),
        ([condition(clinicalStatus="active"), SAME["a procedure"][1]["3.0.2"]], "3.0.2"),
        # What contradicts itself shows nothing.
        ([condition(clinicalStatus="active", recordedDate="2025")], ""),
        ([condition(clinicalStatus="active"), SAME["an order"][1]["5.0.0"]], ""),
        ([SAME["a prescription"][0], SAME["a prescription"][1]["5.0.0"]], ""),
        ([chosen("ServiceRequest", status="active", code=CALCIUM), SAME["a procedure"][1]["5.0.0"]], ""),
    ],
)
def test_the_version_is_what_all_the_evidence_has_in_common(
    reader: Reader, written: list[Resource], version: str
) -> None:
    assert read(reader, *written).fhir_version == version


def test_proposals_are_evidence_too(reader: Reader) -> None:
    entries = [{"resource": condition(clinicalStatus="active", assertedDate="2026-01-01")}]
    proposed = raw({"resourceType": "Bundle", "entry": entries})
    reading: Reading = reader.read({}, PATIENT, NOW, conditions=proposed)
    assert reading.fhir_version == "3.0.2"
    assert [each.recorded and each.recorded.written for each in reading.chart.problems] == ["2026-01-01"]


_RESOURCE = re.compile(r"^class (\w+)\((?:domainresource\.DomainResource|resource\.Resource)\)", re.MULTILINE)


@pytest.mark.parametrize("release", [".", "R4B", "STU3"])
def test_every_type_of_every_version_is_known(release: str) -> None:
    """One of an unknown type would have the whole Bundle taken apart, which is slow."""
    package = Path(str(fhir.resources.__file__)).parent / release
    types = {name for file in package.glob("*.py") for name in _RESOURCE.findall(file.read_text(encoding="utf-8"))}
    assert len(types) > 100
    assert types - {"DomainResource", "CanonicalResource", "MetadataResource"} <= {
        "Bundle",
        *(each.__name__ for each in (*READ, *NOT_READ)),
    }
