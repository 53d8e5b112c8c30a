"""One patient only (R6), and each resource once."""

from __future__ import annotations

from typing import Any

import pytest

from cds.fhir.reading import Reader
from cds.reasoning.chart import Access
from tests.unit.fhir.resources_by_hand import (
    NOW,
    PATIENT,
    bundle,
    condition,
    observation,
    patient,
    quantity,
    raw,
    read,
    refused,
)

pytestmark = pytest.mark.clause("R6")
UUID = "1e503533-b8c2-42cb-a6d5-bbd7d70d07ad"


@pytest.mark.parametrize(
    "reference",
    ["p1", "Patient/p1", " Patient/p1", "https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/3", "urn:uuid:p1"],
)
def test_every_way_to_refer_to_the_patient(reader: Reader, reference: str) -> None:
    reading = read(reader, patient(), observation(subject={"reference": reference}))
    assert len(reading.chart.measurements) == 1
    assert refused(reading) == []


def test_the_full_url_of_the_patient_s_entry(reader: Reader) -> None:
    data = bundle(observation(subject={"reference": f"urn:uuid:{UUID}"}))
    data["entry"].append({"fullUrl": f"urn:uuid:{UUID}", "resource": patient()})
    assert len(reader.read({"x": raw(data)}, PATIENT, NOW).chart.measurements) == 1


def test_a_patient_whose_id_is_only_in_the_full_url(reader: Reader) -> None:
    data = {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": f"urn:uuid:{UUID}", "resource": patient(None, gender="male")}],
    }
    assert reader.read({"x": raw(data)}, UUID, NOW).chart.patient.sex == "male"


@pytest.mark.parametrize(
    "reference",
    [
        "p2",
        "Patient/p2",
        "https://ehr.example/fhir/Patient/p2",
        "Group/p1",
        "Device/p1",
        "#p1",
        "urn:uuid:p2",
        "xp1",
        "/",
    ],
)
def test_somebody_else(reader: Reader, reference: str) -> None:
    reading = read(reader, patient(), observation(subject={"reference": reference}), condition("c"))
    assert reading.chart.measurements == ()
    assert [each.source.id for each in reading.chart.problems] == ["c"]
    assert refused(reading) == [("Observation/r1", "other-patient")]


def test_another_patient_is_not_evidence(reader: Reader) -> None:
    reading = reader.read({"patient": raw(patient("p2", gender="male"))}, PATIENT, NOW)
    assert reading.chart.patient.sex is None
    assert refused(reading) == [("Patient/p2", "other-patient")]
    assert reading.chart.access["patient"] is Access.FAILED
    assert refused(reader.read({"patient": raw(patient(None))}, PATIENT, NOW)) == [("Patient", "other-patient")]


def without_subject(identifier: str = "orphan", **members: Any) -> dict[str, Any]:
    return condition(identifier, subject=None, **members)


@pytest.mark.parametrize(
    "subject", [{}, {"subject": {"display": "Jane"}}, {"subject": {}, "patient": {"reference": "Patient/p1"}}]
)
def test_without_a_subject_it_is_this_patient_s_while_nobody_else_is_there(
    reader: Reader, subject: dict[str, Any]
) -> None:
    reading = read(reader, patient(), without_subject() | subject, condition("c"))
    assert {each.source.id for each in reading.chart.problems} == {"orphan", "c"}


def test_without_a_subject_beside_somebody_else_it_is_nobody_s(reader: Reader) -> None:
    for order in (1, -1):
        resources = [observation(subject={"reference": "Patient/p2"}), without_subject(), condition("c")][::order]
        reading = read(reader, *resources)
        assert [each.source.id for each in reading.chart.problems] == ["c"]
        assert refused(reading) == [("Condition/orphan", "no-subject"), ("Observation/r1", "other-patient")]


def test_patient_stands_in_for_subject(reader: Reader) -> None:
    reading = read(reader, without_subject(patient={"reference": "Patient/p2"}))
    assert refused(reading) == [("Condition/orphan", "other-patient")]


# Each resource once


VERSIONS = [
    ("by date", {"meta": {"lastUpdated": "2026-01-02T00:00:00Z", "versionId": "1"}}, {"meta": {"lastUpdated": "2026-01-01T00:00:00Z", "versionId": "9"}}),
    ("by version", {"meta": {"versionId": "10"}}, {"meta": {"versionId": "9"}}),
    ("dated first", {"meta": {"lastUpdated": "2026-01-02T00:00:00Z"}}, {}),
    ("by content", {"note": [{"text": "b"}]}, {"note": [{"text": "a"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("newer", "older"), [each[1:] for each in VERSIONS], ids=[each[0] for each in VERSIONS])
def test_the_newest_version_counts(reader: Reader, newer: dict[str, Any], older: dict[str, Any]) -> None:
    new, old = observation(valueQuantity=quantity(3.1), **newer), observation(valueQuantity=quantity(2.1), **older)
    for resources in ((new, old), (old, new), (old, new, old), (new, new, old)):
        keys = {str(place): raw(bundle(each)) for place, each in enumerate(resources)}
        reading = reader.read(keys, PATIENT, NOW)
        assert [each.value for each in reading.chart.measurements] == [3.1]
        assert refused(reading) == [("Observation/r1", "duplicate")]


def test_the_same_twice_is_not_worth_a_word(reader: Reader) -> None:
    reading = read(reader, observation(), observation(), patient(), patient(), observation("other"))
    assert len(reading.chart.measurements) == 2
    assert refused(reading) == []


def test_without_an_id_nothing_is_a_duplicate(reader: Reader) -> None:
    assert len(read(reader, observation(""), observation("")).chart.measurements) == 2
