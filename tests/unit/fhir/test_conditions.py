"""Which Conditions are problems, and how much they weigh (ACC-1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cds.fhir.reading import Reader
from cds.reasoning.chart import Problem
from tests.unit.fhir.resources_by_hand import (
    ICD_10,
    NOW,
    PATIENT,
    SNOMED,
    bundle,
    concept,
    condition,
    patient,
    raw,
    read,
    refused,
)  # fmt: skip


def problem(reader: Reader, **members: Any) -> Problem:
    (found,) = read(reader, patient(birthDate="1950-03-02"), condition(**members)).chart.problems
    return found


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    ("verification", "level"),
    [
        (None, "confirmed"),
        (status("confirmed"), "confirmed"),
        (status(" Confirmed "), "confirmed"),
        (status("provisional"), "unconfirmed"),
        (status("differential"), "unconfirmed"),
        (status("unconfirmed"), "unconfirmed"),
        (status("local-code"), "unconfirmed"),
        ({"coding": [{"code": "confirmed"}, {"code": "provisional"}]}, "unconfirmed"),
        ({"coding": []}, "confirmed"),
        ("provisional", "unconfirmed"),
        ({"text": "Confirmed"}, "confirmed"),
    ],
)
def test_verification(reader: Reader, verification: object, level: str) -> None:
    assert problem(reader, verificationStatus=verification).level == level


@pytest.mark.parametrize(
    ("verification", "reason"),
    [
        (status("refuted"), "refuted"),
        (status("entered-in-error"), "entered-in-error"),
        (status(" Entered-In-Error "), "entered-in-error"),
        ("entered-in-error", "entered-in-error"),
        ({"text": "Entered in error"}, "entered-in-error"),
        ({"coding": [{"code": "confirmed"}, {"code": "refuted"}]}, "refuted"),
    ],
)
def test_what_is_refuted_is_no_problem(reader: Reader, verification: object, reason: str) -> None:
    reading = read(reader, condition(verificationStatus=verification))
    assert reading.chart.problems == ()
    assert refused(reading) == [("Condition/r1", reason)]


@pytest.mark.parametrize(
    ("members", "state", "clinical"),
    [
        ({}, "active", ""),
        ({"clinicalStatus": status("active")}, "active", "active"),
        ({"clinicalStatus": status("recurrence")}, "active", "recurrence"),
        ({"clinicalStatus": status("relapse")}, "active", "relapse"),
        ({"clinicalStatus": status("inactive")}, "past", "inactive"),
        ({"clinicalStatus": status("REMISSION ")}, "past", "remission"),
        ({"clinicalStatus": "resolved"}, "past", "resolved"),
        ({"abatementDateTime": "2020"}, "past", ""),
        ({"abatementPeriod": {"start": "2020"}}, "past", ""),
        ({"abatementString": "last year"}, "past", ""),
        ({"abatementAge": {"value": 60, "code": "a"}}, "past", ""),
        ({"abatementBoolean": True}, "past", ""),
        ({"abatementBoolean": False}, "active", ""),
        ({"abatementDateTime": "2030"}, "active", ""),
        ({"clinicalStatus": status("active"), "abatementDateTime": "2020"}, "active", "active"),
        ({"clinicalStatus": status("unheard"), "abatementDateTime": "2020"}, "past", ""),
    ],
)
def test_active_or_past(reader: Reader, members: dict[str, Any], state: str, clinical: str) -> None:
    found = problem(reader, **members)
    assert (found.state, found.clinical) == (state, clinical)


@pytest.mark.parametrize(
    ("code", "dropped"),
    [
        (concept("Family history of gout"), True),
        (concept("Gout", (SNOMED, "1", "Family history of gout (situation)")), True),
        (concept("Antécédents familiaux de goutte"), True),
        (concept("FH: gout"), True),
        (concept("Familial tumoral calcinosis"), False),
        (concept("Hyperphosphataemic familial tumoral calcinosis"), False),
        (concept("Gout, no family history of gout"), False),
    ],
)
def test_relatives_are_not_the_patient(reader: Reader, code: object, dropped: bool) -> None:
    reading = read(reader, condition(code=code))
    assert refused(reading) == ([("Condition/r1", "family-history")] if dropped else [])
    assert len(reading.chart.problems) == (not dropped)


def test_a_note_about_a_relative_does_not_drop_the_problem(reader: Reader) -> None:
    found = problem(reader, note=[{"text": "Family history of gout."}])
    assert found.texts == ("Gout", "Family history of gout.")


OLD, RECENT = "2021-03-01", "2021-03-03"
ENCOUNTER, LISTED = [concept(None, ("x", "encounter-diagnosis"))], [concept(None, ("x", "problem-list-item"))]


@pytest.mark.parametrize(
    ("members", "old"),
    [
        ({"category": ENCOUNTER, "recordedDate": OLD}, True),
        ({"category": ENCOUNTER, "onsetDateTime": OLD}, True),
        ({"category": ENCOUNTER, "recordedDate": RECENT, "onsetDateTime": OLD}, False),
        ({"category": ENCOUNTER}, False),
        ({"category": ENCOUNTER + LISTED, "recordedDate": OLD}, False),
        ({"recordedDate": OLD}, False),
    ],
)
def test_an_encounter_diagnosis_grows_old_after_five_years(reader: Reader, members: dict[str, Any], old: bool) -> None:
    assert problem(reader, **members).old_encounter is old


@pytest.mark.parametrize(
    ("twin", "old"),
    [
        ({"category": LISTED}, False),
        ({}, False),
        ({"category": LISTED, "code": concept("gout")}, False),
        ({"category": LISTED, "code": concept("Gout, chronic", (ICD_10, "M10.9"))}, False),
        ({"category": LISTED, "code": concept("Asthma", (ICD_10, "J45"))}, True),
        ({"category": ENCOUNTER, "recordedDate": RECENT}, True),
        ({"category": LISTED, "verificationStatus": status("refuted")}, True),
    ],
)
def test_a_twin_in_the_problem_list_keeps_it_fresh(reader: Reader, twin: dict[str, Any], old: bool) -> None:
    both = [condition("old", category=ENCOUNTER, recordedDate=OLD), condition("twin", **twin)]
    for order in (both, both[::-1]):
        problems = {each.source.id: each for each in read(reader, *order).chart.problems}
        assert problems["old"].old_encounter is old


def test_everything_that_is_kept(reader: Reader) -> None:
    found = problem(
        reader,
        meta={"versionId": "3"},
        code=concept(
            "Tophus", (ICD_10, "M10.9", "Gout, unspecified"), (SNOMED, "90560007", "Gout"), ("x", "y", "Tophus")
        ),
        severity=concept("Severe", (SNOMED, "24484000", "Severe")),
        bodySite=[concept("left elbow"), concept(None, (SNOMED, "1", "Elbow"))],
        onsetAge={"value": 60, "unit": "years", "code": "a"},
        abatementPeriod={"start": "2020-01", "end": "2021-01-05"},
        recordedDate="2011-05",
        note=[{"text": "  no ulcer "}, {}],
    )
    assert str(found.source) == "Condition/r1"
    assert found.source.version == "3"
    assert found.texts == ("Tophus", "Gout, unspecified", "Gout", "no ulcer")
    assert {each.coding.code for each in found.matches} >= {"90560007"}
    assert (found.severity, found.severity_text) == ("marked", "Severe")
    assert found.sites == ("left elbow", "Elbow")
    assert found.onset is not None
    assert found.onset.written.startswith("2010-03")
    assert found.abated is not None
    assert found.abated.written == "2021-01-05"
    assert found.recorded is not None
    assert not found.proposed


@pytest.mark.parametrize(
    "onset",
    [
        {"onsetDateTime": "2031"},
        {"onsetDateTime": "childhood"},
        {"onsetAge": {"value": 60, "code": "lightyear"}},
        {"onsetAge": {"value": 1e12, "code": "a"}},
        {"onsetString": "childhood"},
    ],
)
def test_an_impossible_onset_is_unknown(reader: Reader, onset: dict[str, Any]) -> None:
    assert problem(reader, **onset).onset is None


def test_an_age_without_a_birth_date_is_no_date(reader: Reader) -> None:
    (found,) = read(reader, condition(onsetAge={"value": 60, "code": "a"})).chart.problems
    assert found.onset is None
    (found,) = read(reader, patient(birthDate="9999"), condition(onsetAge={"value": 60, "code": "a"})).chart.problems
    assert found.onset is None


def test_recorded_in_the_future(reader: Reader) -> None:
    assert refused(read(reader, condition(recordedDate="2026-03-04"))) == [("Condition/r1", "future-date")]


def test_without_code_and_words_there_is_nothing(reader: Reader) -> None:
    assert refused(read(reader, condition(code=None))) == [("Condition/r1", "data-absent")]


@pytest.mark.clause("R2")
def test_the_hook_proposes_conditions(reader: Reader) -> None:
    proposed = raw(bundle(condition("", code=concept("Calcinosis")), condition("known"), condition("new")))
    reading = reader.read({"conditions": raw(bundle(condition("known")))}, PATIENT, NOW, conditions=proposed)
    assert {(each.source.id, each.texts[0], each.proposed) for each in reading.chart.problems} == {
        ("", "Calcinosis", True),
        ("known", "Gout", False),
        ("new", "Gout", True),
    }


def test_a_broken_proposal_is_said(reader: Reader) -> None:
    reading = reader.read({}, PATIENT, NOW, conditions=raw(bundle(condition("b", code=1))))
    assert refused(reading) == [("Condition/b", "unreadable")]


def test_what_is_of_no_interest_is_left(choosy_reader: Reader) -> None:
    resources = [
        condition("word", code=concept("Leg oedema")),
        condition("code", code=concept(None, (SNOMED, "90560007"))),
        condition("note", code=concept("Asthma"), note=[{"text": "ankle edema"}]),
        condition("nothing", code=concept("Asthma", (ICD_10, "J45", "Asthma")), note=[{"text": "stable"}, {}]),
    ]
    reading = read(choosy_reader, *resources)
    assert {each.source.id for each in reading.chart.problems} == {"word", "code", "note"}
    assert refused(reading) == []


def test_five_years_before_a_leap_day(reader: Reader) -> None:
    leap_day = datetime(2024, 2, 29, tzinfo=UTC)
    for recorded, old in (("2019-02-27", True), ("2019-02-28", False)):
        sent = {"x": raw(bundle(condition(category=ENCOUNTER, recordedDate=recorded)))}
        (found,) = reader.read(sent, PATIENT, leap_day).chart.problems
        assert found.old_encounter is old


@pytest.mark.parametrize("member", ["code", "verificationStatus", "clinicalStatus"])
def test_a_member_that_cannot_be_read_costs_only_its_condition(reader: Reader, member: str) -> None:
    sent = raw(bundle(condition("b", **{member: 7}), condition("a")))
    chart = reader.read({"all": sent}, PATIENT, NOW).chart
    assert [each.source.id for each in chart.problems] == ["a"]
    assert [(each.reference, each.reason) for each in chart.not_used] == [("Condition/b", "unreadable")]
