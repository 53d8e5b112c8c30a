"""Procedures, reports, orders and the patient."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cds.fhir.reading import Reader
from cds.reasoning.chart import Patient, Ref
from tests.unit.fhir.resources_by_hand import (
    LOINC,
    NOW,
    SNOMED,
    concept,
    patient,
    read,
    refused,
    resource,
)

DIALYSIS = concept("Haemodialysis", (SNOMED, "302497006", "Hemodialysis"))


def procedure(**members: Any) -> dict[str, Any]:
    members = {"status": "completed", "code": DIALYSIS, **members}
    return resource("Procedure", **members)


def report(**members: Any) -> dict[str, Any]:
    members = {
        "status": "final",
        "code": concept("Radiograph of the left leg"),
        "effectiveDateTime": "2026-02-01",
        **members,
    }
    return resource("DiagnosticReport", **members)


def order(**members: Any) -> dict[str, Any]:
    return resource(
        "ServiceRequest",
        **{"status": "active", "intent": "order", "code": concept("Calcium", (LOINC, "2000-8")), **members},
    )


@pytest.mark.parametrize(
    ("members", "first", "last"),
    [
        ({}, None, None),
        ({"performedDateTime": "2025-01-01"}, "2025-01-01", "2025-01-01"),
        ({"performedPeriod": {"start": "2024", "end": "2025"}}, "2024", "2025"),
        ({"performedPeriod": {"start": "2024"}}, "2024", "2024"),
        ({"performedPeriod": {"end": "2025"}}, "2025", "2025"),
        ({"status": "in-progress", "performedPeriod": {"start": "2024"}}, "2024", NOW.isoformat()),
        ({"status": "in-progress", "performedPeriod": {"start": "2024", "end": "2030"}}, "2024", NOW.isoformat()),
        ({"status": "in-progress", "performedPeriod": {"start": "2024", "end": "2025"}}, "2024", "2025"),
        ({"status": "in-progress", "performedDateTime": "2024"}, "2024", NOW.isoformat()),
        ({"status": "in-progress"}, None, None),
    ],
)
def test_when_a_procedure_was_done(
    reader: Reader, members: dict[str, Any], first: str | None, last: str | None
) -> None:
    (found,) = read(reader, procedure(**members)).chart.procedures
    assert (found.first and found.first.written, found.last and found.last.written) == (first, last)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"status": "not-done"}, "status"),
        ({"status": "preparation"}, "status"),
        ({"status": None}, "status"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"performedDateTime": "2027"}, "future-date"),
        ({"code": None}, "data-absent"),
    ],
)
def test_what_was_not_done(reader: Reader, members: dict[str, Any], reason: str) -> None:
    assert refused(read(reader, procedure(**members))) == [("Procedure/r1", reason)]


def test_what_is_kept_of_a_procedure(reader: Reader) -> None:
    (found,) = read(
        reader, procedure(bodySite=[concept("left arm")], note=[{"text": "well tolerated"}])
    ).chart.procedures
    assert found.texts == ("Haemodialysis", "Hemodialysis", "well tolerated")
    assert [each.concept for each in found.matches] == ["haemodialysis"]
    assert found.sites == ("left arm",)


def test_procedures_of_no_interest_are_left(choosy_reader: Reader) -> None:
    nothing = procedure(code=concept("Dental cleaning"))
    noted = procedure(id="noted", code=concept("Dental cleaning"), note=[{}, {"text": "leg edema seen"}])
    assert [each.source.id for each in read(choosy_reader, nothing, noted, procedure(id="d")).chart.procedures] == [
        "noted",
        "d",
    ]


@pytest.mark.parametrize(
    ("status", "preliminary"),
    [
        ("final", False),
        ("amended", False),
        ("corrected", False),
        ("appended ", False),
        ("preliminary", True),
        ("Partial", True),
        ("modified", True),
    ],
)
def test_accepted_reports(reader: Reader, status: str, preliminary: bool) -> None:
    (found,) = read(reader, report(status=status)).chart.reports
    assert found.preliminary is preliminary


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"status": "registered"}, "status"),
        ({"status": None}, "status"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"effectiveDateTime": "2027"}, "future-date"),
    ],
)
def test_refused_reports(reader: Reader, members: dict[str, Any], reason: str) -> None:
    assert refused(read(reader, report(**members))) == [("DiagnosticReport/r1", reason)]


def test_what_is_kept_of_a_report(reader: Reader) -> None:
    made = report(
        code=concept("Leg", (LOINC, "24686-8", "XR Lower extremity Views"), ("x", "24686-8")),
        conclusion=" Calcifications of the calf.\nNo fracture. ",
        conclusionCode=[concept("Calcification"), concept(None, (SNOMED, "90560007", "Gout"))],
        presentedForm=[{"data": "AAAA"}],
    )
    (found,) = read(reader, made).chart.reports
    assert found.texts == ("Calcifications of the calf.\nNo fracture.", "Calcification", "Gout")
    assert found.name == ("Leg", "XR Lower extremity Views")
    assert found.loincs == ("24686-8",)
    assert [each.concept for each in found.matches] == ["leg-radiograph"]
    assert [each.coding.code for each in found.value_matches] == ["90560007"]
    assert found.when is not None


@pytest.mark.parametrize(
    ("dates", "written"),
    [
        ({"effectivePeriod": {"start": "2025", "end": "2026"}}, "2026"),
        ({"effectivePeriod": {"start": "2025"}, "issued": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00Z"),
        ({"effectivePeriod": {"start": "2025"}}, "2025"),
        ({}, None),
    ],
)
def test_when_a_report_was_made(reader: Reader, dates: dict[str, Any], written: str | None) -> None:
    (found,) = read(reader, report(**{"effectiveDateTime": None, **dates})).chart.reports
    assert (found.when and found.when.written) == written
    assert found.texts == ()


def test_open_orders(reader: Reader) -> None:
    made = [
        order(),
        order(id="draft", status="Draft ", authoredOn="2026-02", code=concept("Venous duplex")),
        *(order(id=status, status=status) for status in ("completed", "on-hold", "revoked", "entered-in-error", "")),
        order(id="not", doNotPerform=True),
        order(id="empty", code=None),
    ]
    reading = read(reader, *made)
    first, draft, empty = reading.chart.orders
    assert (first.labs, first.loincs, first.texts, first.when) == (("calcium-total",), ("2000-8",), ("Calcium",), None)
    assert (draft.labs, draft.loincs, draft.texts, draft.when and draft.when.written) == (
        (),
        (),
        ("Venous duplex",),
        "2026-02",
    )
    assert (empty.labs, empty.texts) == ((), ())
    assert refused(reading) == []


def test_the_patient(reader: Reader) -> None:
    citizenship = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-citizenship",
        "extension": [{"url": "code", "valueCodeableConcept": concept(None, ("urn:iso:std:iso:3166", "CM"))}],
    }
    birthplace = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
        "valueAddress": {"country": "Cameroon"},
    }
    made = patient(
        meta={"versionId": "2"},
        gender=" Female",
        birthDate="1950-07",
        address=[{"country": "FR"}, {"country": " "}, {"country": "FR"}, {}],
        extension=[birthplace, citizenship, {"url": "http://x/race", "valueAddress": {"country": "no"}}, {}],
    )
    assert read(reader, made).chart.patient == Patient(
        "p1", "female", date(1950, 7, 1), ("Cameroon", "CM", "FR"), Ref("Patient", "p1", "2")
    )


@pytest.mark.parametrize("gender", ["other", "unknown", "", None])
def test_a_sex_that_is_not_known(reader: Reader, gender: str | None) -> None:
    assert read(reader, patient(gender=gender)).chart.patient.sex is None


def test_a_man(reader: Reader) -> None:
    assert read(reader, patient(gender="male", birthDate="?")).chart.patient == Patient(
        "p1", "male", None, (), Ref("Patient", "p1")
    )
