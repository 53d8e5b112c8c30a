"""Prescriptions and statements become medicines (ACC-5, ACC-7)."""

from __future__ import annotations

from typing import Any

import pytest

from cds.fhir.reading import Reader, Reading
from cds.reasoning.chart import Medicine
from tests.unit.fhir.resources_by_hand import NOW, PATIENT, bundle, concept, raw, read, refused, resource

ATC = "http://www.whocc.no/atc"
WARFARIN = concept("Warfarin 5 mg", (ATC, "B01AA03", "warfarin"))


def request(identifier: str = "r1", **members: Any) -> dict[str, Any]:
    members = {"status": "active", "intent": "order", "medicationCodeableConcept": WARFARIN, **members}
    return resource("MedicationRequest", identifier, **members)


def statement(identifier: str = "r1", **members: Any) -> dict[str, Any]:
    return request(identifier, intent=None, **members) | {"resourceType": "MedicationStatement"}


def medicine(reading: Reading) -> Medicine:
    (found,) = reading.chart.medicines
    return found


def times(found: Medicine) -> tuple[str, str | None, str | None]:
    return found.state, found.since and found.since.written, found.until and found.until.written


BOUNDS = {"timing": {"repeat": {"boundsPeriod": {"start": "2025-01-01", "end": "2025-02-01"}}}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ("active", None, None)),
        ({"authoredOn": "2020-01-01"}, ("active", "2020-01-01", None)),
        ({"authoredOn": "2020-01-01", "dosageInstruction": [BOUNDS]}, ("active", "2020-01-01", None)),
        ({"status": "stopped"}, ("ended", None, None)),
        ({"status": "stopped", "authoredOn": "2025-01-01"}, ("ended", "2025-01-01", "2025-01-01")),
        ({"status": "on-hold", "authoredOn": "2025-01-01"}, ("ended", "2025-01-01", "2025-01-01")),
        (
            {"status": "completed", "authoredOn": "2025-01-01", "dosageInstruction": [{}, BOUNDS]},
            ("ended", "2025-01-01", "2025-02-01"),
        ),
        (
            {
                "status": "completed",
                "authoredOn": "2025-01-01",
                "dispenseRequest": {"validityPeriod": {"end": "2025-06-30"}},
            },
            ("ended", "2025-01-01", "2025-06-30"),
        ),
        (
            {
                "status": "stopped",
                "authoredOn": "2025-01-01",
                "dispenseRequest": {"validityPeriod": {"end": "2026-06-30"}},
            },
            ("ended", "2025-01-01", "2025-01-01"),
        ),
        (
            {
                "status": "completed",
                "authoredOn": "2025-01-01",
                "dispenseRequest": {
                    "validityPeriod": {"end": "2025-06-30"},
                    "expectedSupplyDuration": {"value": 30, "code": "d"},
                },
            },
            ("ended", "2025-01-01", "2025-01-31"),
        ),
        (
            {
                "status": "completed",
                "authoredOn": "2025-01",
                "dispenseRequest": {"expectedSupplyDuration": {"value": 1e9}},
            },
            ("ended", "2025-01", "2025-01"),
        ),
    ],
)
def test_when_it_was_prescribed(
    reader: Reader, members: dict[str, Any], expected: tuple[str, str | None, str | None]
) -> None:
    assert times(medicine(read(reader, request(**members)))) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ("active", None, None)),
        ({"effectivePeriod": {"start": "2025-01-01"}}, ("active", "2025-01-01", None)),
        ({"effectivePeriod": {"start": "2025-01-01", "end": "2030-01-01"}}, ("active", "2025-01-01", None)),
        ({"effectivePeriod": {"start": "2025-01-01", "end": "2026-02-01"}}, ("ended", "2025-01-01", "2026-02-01")),
        (
            {"status": "completed", "effectivePeriod": {"start": "2025-01", "end": "2025-02"}, "dateAsserted": "2026"},
            ("ended", "2025-01", "2025-02"),
        ),
        ({"status": "completed", "effectiveDateTime": "2025-01"}, ("ended", "2025-01", "2025-01")),
        ({"status": "stopped", "dateAsserted": "2026-01"}, ("ended", None, "2026-01")),
        ({"status": "stopped", "effectivePeriod": {"start": "2026-01"}}, ("ended", "2026-01", "2026-01")),
        ({"status": " ON-HOLD "}, ("ended", None, None)),
    ],
)
def test_when_it_is_taken(
    reader: Reader, members: dict[str, Any], expected: tuple[str, str | None, str | None]
) -> None:
    assert times(medicine(read(reader, statement(**members)))) == expected


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (request(status="entered-in-error"), "entered-in-error"),
        (request(status="draft"), "status"),
        (request(status="cancelled"), "status"),
        (request(status=None), "status"),
        (request(doNotPerform=True), "status"),
        (request(intent="proposal"), "status"),
        (request(authoredOn="2027"), "future-date"),
        (request(medicationCodeableConcept=None), "data-absent"),
        (statement(status="not-taken"), "status"),
        (statement(status="intended"), "status"),
        (statement(status="unknown"), "status"),
        (statement(effectivePeriod={"start": "2027"}), "future-date"),
    ],
)
def test_what_is_not_taken(reader: Reader, made: dict[str, Any], reason: str) -> None:
    reading = read(reader, made)
    assert reading.chart.medicines == ()
    assert refused(reading) == [(f"{made['resourceType']}/r1", reason)]


def test_a_medicine_that_no_rule_knows_is_left(reader: Reader) -> None:
    reading = read(reader, request(medicationCodeableConcept=concept("Paracetamol", (ATC, "N02BE01"))))
    assert (reading.chart.medicines, refused(reading)) == ((), [])


MEDICATION = resource("Medication", "m1", code=WARFARIN)
BY_INGREDIENT = resource("Medication", "m1", ingredient=[{"itemCodeableConcept": WARFARIN}, {}])


@pytest.mark.parametrize(
    ("members", "beside"),
    [
        ({"medicationCodeableConcept": concept("Coumadine")}, None),
        ({"medicationReference": {"display": "warfarin"}}, None),
        (
            {
                "medicationReference": {"reference": "#m1"},
                "contained": [{"resourceType": "Patient", "id": "m1"}, MEDICATION],
            },
            None,
        ),
        ({"medicationReference": {"reference": "#m1"}, "contained": [BY_INGREDIENT]}, None),
        ({"medicationReference": {"reference": "Medication/m1"}}, MEDICATION),
        ({"medicationReference": {"reference": " Medication/m1/_history/2"}}, MEDICATION),
        ({"medicationReference": {"reference": "https://ehr.example/fhir/Medication/m1"}}, MEDICATION),
        ({"medicationReference": {"reference": "urn:uuid:m1"}}, MEDICATION),
        ({"medicationReference": {"reference": "urn:uuid:entry"}}, MEDICATION | {"id": "other"}),
    ],
)
def test_where_the_medicine_is_named(reader: Reader, members: dict[str, Any], beside: dict[str, Any] | None) -> None:
    for make in (request, statement):
        made = make(**{"medicationCodeableConcept": None, **members})
        data = bundle(made)
        if beside:
            data["entry"].append({"fullUrl": "urn:uuid:entry", "resource": beside})
        reading = reader.read({"medicines": raw(data)}, PATIENT, NOW)
        assert [each.concept for each in medicine(reading).matches] == ["vitamin-k-antagonist"]


@pytest.mark.parametrize("reference", ["#m2", "Medication/m2", "urn:uuid:m2", "m2"])
def test_a_medicine_that_was_not_sent(reader: Reader, reference: str) -> None:
    made = request(medicationCodeableConcept=None, medicationReference={"reference": reference}, contained=[MEDICATION])
    assert refused(read(reader, made)) == [("MedicationRequest/r1", "data-absent")]


def test_route_site_and_notes(reader: Reader) -> None:
    dosage = {"text": "once a week", "route": concept("Subcutaneous Route"), "site": concept("abdomen")}
    for make, member in ((request, "dosageInstruction"), (statement, "dosage")):
        found = medicine(read(reader, make(note=[{"text": "left thigh"}], **{member: [dosage, {}]})))
        assert (found.route, found.sites, found.note) == ("subcutaneous route", ("abdomen",), "left thigh; once a week")
        assert found.texts == ("Warfarin 5 mg", "warfarin")
