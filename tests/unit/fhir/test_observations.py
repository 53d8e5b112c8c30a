"""Which Observations are measurements and findings (ACC-4, LAB-1, LAB-2, LAB-3, LAB-5)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cds.fhir.codes import Codes
from cds.fhir.reading import Reader, Reading
from cds.fhir.resources import CodeableConcept
from cds.reasoning.chart import Finding, Measurement, NotUsed
from tests.unit.fhir.resources_by_hand import LOINC, SNOMED, concept, observation, quantity, read, refused


def measurement(reader: Reader, **members: Any) -> Measurement:
    reading = read(reader, observation(**members))
    assert refused(reading) == []
    (found,) = reading.chart.measurements
    return found


def reason(reader: Reader, **members: Any) -> NotUsed:
    reading = read(reader, observation(**members))
    assert reading.chart.measurements == ()
    (found,) = reading.chart.not_used
    return found


def finding(reader: Reader, **members: Any) -> Finding:
    (found,) = read(reader, observation(**{"code": concept("Ankle oedema"), **members})).chart.findings
    return found


# Status and date


@pytest.mark.parametrize(
    ("status", "preliminary"),
    [("final", False), ("amended", False), ("corrected", False), (" Final ", False), ("preliminary", True)],
)
def test_accepted_statuses(reader: Reader, status: str, preliminary: bool) -> None:
    assert measurement(reader, status=status).preliminary is preliminary
    assert finding(reader, status=status).preliminary is preliminary


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("registered", "status"),
        ("cancelled", "status"),
        ("unknown", "status"),
        ("", "status"),
        (None, "status"),
        ("entered-in-error", "entered-in-error"),
        (" Entered-in-Error", "entered-in-error"),
    ],
)
def test_refused_statuses(reader: Reader, status: str | None, said: str) -> None:
    assert reason(reader, status=status).reason == said
    assert reason(reader, status=status, code=concept("Oedema")).reason == said


@pytest.mark.parametrize(
    ("dates", "written"),
    [
        ({"effectiveDateTime": "2026-02-01"}, "2026-02-01"),
        ({"effectiveInstant": "2026-02-01T00:00:00Z"}, "2026-02-01T00:00:00Z"),
        ({"effectivePeriod": {"start": "2026-01-01", "end": "2026-02-01"}, "issued": "2026-02-02"}, "2026-02-01"),
        ({"effectivePeriod": {"start": "2026-01-01"}, "issued": "2026-02-02"}, "2026-02-02"),
        ({"effectivePeriod": {"start": "2026-01-01"}}, "2026-01-01"),
        ({"issued": "2026-02-02T10:00:00Z"}, "2026-02-02T10:00:00Z"),
        ({"effectiveDateTime": "yesterday", "issued": "2026-02-02"}, "2026-02-02"),
        ({"effectiveDateTime": "2026"}, "2026"),
    ],
)
def test_when(reader: Reader, dates: dict[str, Any], written: str) -> None:
    assert measurement(reader, **{"effectiveDateTime": None, **dates}).when.written == written


def test_no_date(reader: Reader) -> None:
    found = reason(reader, effectiveDateTime=None)
    assert found == NotUsed("Observation/r1", "no-date", "calcium-total", "2.31 mmol/L", None)
    assert finding(reader, effectiveDateTime=None).when is None


def test_the_future(reader: Reader) -> None:
    assert reason(reader, effectiveDateTime="2026-03-03T10:00:01Z").reason == "future-date"
    assert reason(reader, effectiveDateTime="2030", code=concept("Oedema")).reason == "future-date"
    assert measurement(reader, effectiveDateTime="2026-03-03T10:00:00Z")


def test_absent_data(reader: Reader) -> None:
    found = reason(reader, dataAbsentReason=concept("unknown"))
    assert (found.reason, found.lab) == ("data-absent", "calcium-total")
    assert reason(reader, valueQuantity=None).reason == "data-absent"
    assert reason(reader, valueQuantity={"unit": "mmol/L"}).reason == "data-absent"
    assert reason(reader, code=concept("Oedema"), dataAbsentReason=concept("asked")).reason == "data-absent"


# Codes


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_coding_may_be_the_wanted_one(reader: Reader, place: int) -> None:
    codings = [("urn:local", "CA"), ("urn:local", "2000-8")]
    codings.insert(place, (LOINC, "2000-8"))
    found = measurement(reader, code=concept(None, *codings))
    assert (found.lab, found.loinc, found.property) == ("calcium-total", "2000-8", "molar")


def test_the_preferred_code_of_a_test_counts(reader: Reader, terminology: Any) -> None:
    first, second = (each.loinc for each in terminology.lab_codes("egfr")[:2])
    for codings in ((LOINC, second), (LOINC, first)), ((LOINC, first), (LOINC, second)):
        found = measurement(reader, code=concept(None, *codings), valueQuantity=quantity(50, "mL/min/{1.73_m2}"))
        assert (found.loinc, found.rank) == (first, 0)


def test_codes_of_two_tests_are_ambiguous(reader: Reader) -> None:
    codings = [(LOINC, "2000-8"), (LOINC, "1995-0"), (LOINC, "2160-0")]
    for order in (codings, codings[::-1], codings[1:]):
        assert reason(reader, code=concept(None, *order)).reason == "ambiguous-code"


def test_a_race_term_is_recognised_and_not_used(reader: Reader) -> None:
    found = reason(reader, code=concept(None, (LOINC, "48643-1")), valueQuantity=quantity(50, "mL/min/{1.73_m2}"))
    assert (found.reason, found.lab) == ("race-term", "egfr")


# Values


@pytest.mark.parametrize(
    ("value", "amount", "sign", "written"),
    [
        ({"valueQuantity": quantity(2.31)}, 2.31, "", "2.31 mmol/L"),
        ({"valueQuantity": quantity(10, "mg/dL")}, 2.495, "", "10 mg/dL"),
        ({"valueQuantity": {"value": 10, "unit": "mg/dl"}}, 2.495, "", "10 mg/dl"),
        ({"valueQuantity": {"value": 10, "code": "mg/dL"}}, 2.495, "", "10 mg/dL"),
        ({"valueQuantity": quantity("2.31")}, 2.31, "", "2.31 mmol/L"),
        ({"valueQuantity": quantity("<0.6")}, 0.6, "<", "<0.6 mmol/L"),
        ({"valueQuantity": {"value": "2,31 mmol/L"}}, 2.31, "", "2.31 mmol/L"),
        ({"valueQuantity": quantity(0.6, comparator="<")}, 0.6, "<", "<0.6 mmol/L"),
        ({"valueQuantity": quantity(4, comparator=">=")}, 4, ">=", ">=4 mmol/L"),
        ({"valueString": "2.31 mmol/L"}, 2.31, "", "2.31 mmol/L"),
        ({"valueString": "> 3,2  mmol/l (H)"}, 3.2, ">", "> 3,2 mmol/l (H)"),
    ],
)
def test_numbers(reader: Reader, value: dict[str, Any], amount: float, sign: str, written: str) -> None:
    found = measurement(reader, **value)
    assert found.value == pytest.approx(amount, rel=1e-3)
    assert (found.comparator, found.as_written(), found.unit, found.words) == (sign, written, "mmol/L", "")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"valueQuantity": {"value": 2.31}}, "unit-missing"),
        ({"valueQuantity": {"value": 2.31, "unit": " "}}, "unit-missing"),
        ({"valueString": "2.31"}, "unit-missing"),
        ({"valueInteger": 2}, "unit-missing"),
        ({"valueQuantity": quantity(2.31, "furlong")}, "unit-unknown"),
        ({"valueQuantity": quantity(9.6)}, "looks-like-mg-dl"),
        ({"valueQuantity": quantity(2.31, "mg/dL")}, "looks-like-mmol-l"),
        ({"valueQuantity": quantity(800)}, "implausible"),
        ({"valueQuantity": quantity(2.31, comparator="ad")}, "unreadable"),
        ({"valueQuantity": quantity("9 or so")}, "unreadable"),
        ({"valueString": "1,250 mmol/L"}, "unreadable"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 640}}}, "unreadable"),
        ({"valueRatio": {"numerator": {"value": 1}}}, "data-absent"),
        ({"valueCodeableConcept": {}}, "data-absent"),
    ],
)
def test_refused_values(reader: Reader, value: dict[str, Any], said: str) -> None:
    found = reason(reader, **value)
    assert (found.reason, found.lab) == (said, "calcium-total")


def test_a_refused_value_is_shown_as_reported(reader: Reader) -> None:
    assert reason(reader, valueQuantity=quantity(9.6)).written == "9.6 mmol/L"


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        ("5048-4", {"valueString": "1:640"}, "1:640"),
        ("5048-4", {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 640}}}, "1:640"),
        ("16137-2", {"valueBoolean": True}, "positive"),
        ("16137-2", {"valueBoolean": False}, "negative"),
        ("16137-2", {"valueCodeableConcept": concept("Positive")}, "positive"),
        ("16137-2", {"valueQuantity": quantity(7, "AI")}, "7 ai"),
        ("82810-3", {"valueCodeableConcept": concept(None, (LOINC, "LA15173-0", "Pregnant"))}, "pregnant"),
        ("82810-3", {"valueCodeableConcept": concept(None, (LOINC, "LA15173-0"))}, "la15173-0"),
        ("2000-8", {"valueString": "Normal"}, "normal"),
    ],
)
def test_results_in_words(reader: Reader, code: str, value: dict[str, Any], said: str) -> None:
    found = measurement(reader, code=concept(None, (LOINC, code)), **value)
    assert (found.value, found.words) == (None, said)


def test_an_interpretation_without_a_number_is_a_result(reader: Reader) -> None:
    found = measurement(
        reader, valueQuantity=None, interpretation=[concept(None, ("x", "?")), concept(None, ("x", "n"))]
    )
    assert (found.value, found.words, found.interpretation, found.as_written()) == (None, "", "N", "N")


def test_interpretation_and_notes(reader: Reader) -> None:
    found = measurement(
        reader, interpretation=[concept("Haemolysed"), concept(None, ("x", "HH"))], note=[{"text": "repeat"}, {}]
    )
    assert (found.interpretation, found.note) == ("HH", "repeat; Haemolysed")


# Reference ranges (LAB-5)


@pytest.mark.parametrize(
    ("ranges", "low", "high"),
    [
        ([{"low": quantity(2.2), "high": quantity(2.6)}], 2.2, 2.6),
        ([{"low": {"value": 2.2}, "high": {"value": 2.6}}], 2.2, 2.6),
        ([{"low": quantity(8.8, "mg/dL"), "high": quantity(10.4, "mg/dL")}], 2.196, 2.595),
        ([{"high": quantity("2,6")}], None, 2.6),
        ([{"low": quantity(2.2), "high": quantity(2.6), "type": concept(None, ("x", "normal"))}], 2.2, 2.6),
        ([{"low": quantity(2.2), "high": quantity(2.6), "type": concept("Normal")}], 2.2, 2.6),
        ([{"low": quantity(1.5), "high": quantity(3.5), "type": concept(None, ("x", "treatment"))}], None, None),
        ([{"low": quantity(8.8), "high": quantity(10.4)}], None, None),
        ([{"low": quantity(2.2), "high": quantity(10.4, "mg/dL")}], None, None),
        ([{"low": quantity(2.2), "high": quantity(2.6)}, {"low": quantity(2.1), "high": quantity(2.5)}], None, None),
        ([{"low": quantity(2.2), "high": quantity(2.6)}] * 2, 2.2, 2.6),
        ([{"text": "2.2-2.6"}], None, None),
        ([{"high": quantity("?")}], None, None),
    ],
)
def test_the_laboratory_s_own_limits(reader: Reader, ranges: list[Any], low: float | None, high: float | None) -> None:
    found = measurement(reader, referenceRange=ranges)
    assert found.low == (pytest.approx(low, abs=1e-3) if low else None)
    assert found.high == (pytest.approx(high, abs=1e-3) if high else None)


# Panels


def test_components_are_observations(reader: Reader) -> None:
    reading = read(
        reader,
        observation(
            code=concept("Panel"),
            valueQuantity=None,
            dataAbsentReason=concept("not-applicable"),
            component=[
                {"code": concept(None, (LOINC, "2000-8")), "valueQuantity": quantity(2.3)},
                {"code": concept(None, (LOINC, "1995-0")), "valueQuantity": quantity(1.2)},
                {"code": concept(None, (LOINC, "14879-1")), "dataAbsentReason": concept("error")},
                {"code": concept("Ankle oedema"), "valueBoolean": True},
                {},
            ],
        ),
    )
    assert {(each.lab, each.value, str(each.source)) for each in reading.chart.measurements} == {
        ("calcium-total", 2.3, "Observation/r1"),
        ("calcium-ionised", 1.2, "Observation/r1"),
    }
    assert [(each.reason, each.lab) for each in reading.chart.not_used if each.lab] == [("data-absent", "phosphate")]
    assert [(each.texts, each.value) for each in reading.chart.findings] == [(("Ankle oedema",), True)]


@pytest.mark.parametrize(
    "parts",
    [
        {"component": [{"code": concept("left"), "valueBoolean": False}]},
        {"hasMember": [{"reference": "Observation/x"}]},
    ],
)
def test_a_panel_says_nothing_by_itself(choosy_reader: Reader, parts: dict[str, Any]) -> None:
    for code in (concept("Leg oedema"), concept(None, (LOINC, "2000-8"))):
        reading = read(choosy_reader, observation(code=code, valueQuantity=None, **parts))
        assert (reading.chart.findings, reading.chart.measurements, refused(reading)) == ((), (), [])


# Findings


@pytest.mark.parametrize(
    ("value", "expected", "severity"),
    [
        ({"valueBoolean": True}, True, None),
        ({"valueBoolean": False}, False, None),
        ({"valueString": "absent"}, False, None),
        ({"valueString": " Aucune. "}, False, None),
        ({"valueString": "not absent"}, "not absent", None),
        ({"valueString": "C4b"}, "C4b", None),
        ({"valueString": "0,85"}, 0.85, None),
        ({"valueString": "<0.6"}, "<0.6", None),
        ({"valueString": "2+"}, "2+", "moderate"),
        ({"valueString": "0+"}, False, "absent"),
        ({"valueInteger": 3}, 3, None),
        ({"valueQuantity": quantity(12.5, "cm2")}, 12.5, None),
        ({"valueCodeableConcept": concept("Severe", (SNOMED, "24484000"))}, "Severe", "marked"),
        ({"valueCodeableConcept": concept(None, (SNOMED, "255604002"))}, "255604002", "mild"),
        ({"valueCodeableConcept": concept(None, (SNOMED, "6736007", "Moderate"))}, "Moderate", "moderate"),
        ({"valueCodeableConcept": concept(None, ("urn:local", "24484000", "Severe"))}, "Severe", None),
        ({"valueCodeableConcept": concept(None, (SNOMED, "1", "Absent (qualifier value)"))}, False, None),
        ({"valueCodeableConcept": concept(None, ("urn:local", "3", "3+"))}, "3+", "marked"),
        ({"valueQuantity": None, "interpretation": [concept(None, ("x", "POS"))]}, True, None),
        ({"valueQuantity": None, "interpretation": [concept(None, ("x", "NEG"))]}, False, None),
        ({"valueBoolean": True, "interpretation": [concept(None, (SNOMED, "6736007"))]}, True, "moderate"),
        ({"valueQuantity": None}, None, None),
    ],
)
def test_values_of_findings(reader: Reader, value: dict[str, Any], expected: object, severity: str | None) -> None:
    found = finding(reader, **value)
    assert found.value == expected
    assert type(found.value) is (
        float if isinstance(expected, int) and not isinstance(expected, bool) else type(expected)
    )
    assert found.severity == severity


def test_everything_that_is_kept_of_a_finding(reader: Reader) -> None:
    found = finding(
        reader,
        code=concept("Leg", (SNOMED, "267038008", "Edema")),
        valueCodeableConcept=concept("Venous eczema", (SNOMED, "90560007", "Gout")),
        bodySite=concept("left leg"),
        note=[{"text": "worse"}],
    )
    assert found.texts == ("Leg", "Edema")
    assert found.value_texts == ("Venous eczema", "Gout", "worse")
    assert [each.coding.code for each in found.value_matches] == ["90560007"]
    assert found.sites == ("left leg",)
    assert found.when is not None
    assert found.unit == ""
    assert finding(reader, valueQuantity=quantity(12.5, "cm2")).unit == "cm2"


def test_what_is_of_no_interest_is_left(choosy_reader: Reader) -> None:
    glucose = concept("Glucose", (LOINC, "2345-7", "Glucose"))
    resources = [
        observation("lab"),
        observation("name", code=concept(None, (LOINC, "1", "Pitting edema"))),
        observation("text", code=concept("X-ray", ("x", "y")), valueString="Calcification of the calf"),
        observation("value", code=concept("Exam"), valueCodeableConcept=concept("Oedema of ankle, edema")),
        observation("coded", code=concept("Exam"), valueCodeableConcept=concept(None, (SNOMED, "90560007"))),
        observation("note", code=glucose, note=[{"text": "Leg œdème"}]),
        observation("part", code=glucose, component=[{"code": concept("Exam"), "valueString": "edema"}]),
        observation("nothing", code=glucose, note=[{"text": "fasting"}], status="cancelled"),
        observation("codeless", code=None),
        observation("string", code=glucose, valueString="low"),
    ]
    reading = read(choosy_reader, *resources)
    assert {each.source.id for each in reading.chart.measurements} == {"lab"}
    assert {each.source.id for each in reading.chart.findings} == {"name", "text", "value", "coded", "note", "part"}
    assert refused(reading) == []


def test_the_mass_of_a_substance_is_no_lump(terminology: Any, medicines: Any, reader: Reader) -> None:
    asked: list[str] = []
    codes = Codes(terminology, medicines, asked.append)  # type: ignore[arg-type]
    codes.meaning(CodeableConcept(text="Hemoglobin [Mass/volume] in Blood"))
    codes.meaning(CodeableConcept(text="MCH [Entitic mass] by Automated count"))
    codes.meaning(CodeableConcept(text="Oedema [left leg]"))
    assert asked == ["Hemoglobin in Blood", "MCH by Automated count", "Oedema [left leg]"]
    found = finding(reader, code=concept("Protein [Mass/volume] in Serum"))
    assert found.texts == ("Protein in Serum",)


ORDINARY: list[dict[str, Any]] = [
    {},
    {"valueQuantity": quantity(9.6, "mg/dL")},
    {"valueQuantity": {"value": 9.6, "unit": "mg/dl"}},
    {"valueQuantity": {"value": 9.6, "code": "mg/dL"}},
    {"valueQuantity": {"value": 9.6, "unit": "milligrams", "code": "mg/dL", "system": "http://unitsofmeasure.org"}},
    {"valueQuantity": {"value": 9.6, "unit": "mg/dL", "code": "x", "system": "urn:local"}},
    {"valueQuantity": {"value": 9.6, "unit": "", "code": "mg/dL", "system": "urn:local"}},
    {"valueQuantity": {"value": 9.6, "unit": "mg/dL", "code": "", "system": "http://unitsofmeasure.org"}},
    {"valueQuantity": quantity(1234.5678, "mg/L") | {"value": 96.123456}},
    {"status": "amended", "meta": {"versionId": "3"}, "effectiveDateTime": "2026-02"},
    {"interpretation": [{"coding": [{"code": "H"}], "text": "haemolysed"}]},
    {"interpretation": None, "referenceRange": None, "meta": {}},
    {"referenceRange": [{"low": {"value": 2.1}, "high": {"value": 2.6}}]},
    {"referenceRange": [{"low": quantity(8.4, "mg/dL"), "high": quantity(10.4, "mg/dL")}]},
    {"id": None},
]


@pytest.mark.parametrize("changes", ORDINARY)
def test_an_ordinary_result_is_read_as_one_that_is_judged(reader: Reader, changes: dict[str, Any]) -> None:
    """An empty list of notes says nothing, but is no ordinary sight: such a result is judged step by step."""
    ordinary, judged = (read(reader, observation("a") | changes | more) for more in ({}, {"note": []}))
    assert len(ordinary.chart.measurements) == 1
    assert worded(ordinary) == worded(judged)
    assert type(ordinary.chart.measurements[0].source) is type(judged.chart.measurements[0].source)


def worded(reading: Reading) -> Reading:
    """With the result in the words that a reader would see."""
    (only,) = reading.chart.measurements
    return reading._replace(chart=reading.chart._replace(measurements=(replace(only, reported=only.as_written()),)))


BROKEN_PARTS: list[dict[str, Any]] = [
    {"code": "calcium"},
    {"code": {"coding": "2000-8"}},
    {"interpretation": "H"},
    {"referenceRange": {"low": 2}},
    {"valueQuantity": None, "valueCodeableConcept": "high"},
    {"component": [{"code": 7}]},
]


@pytest.mark.parametrize("changes", BROKEN_PARTS)
def test_a_part_that_cannot_be_read_is_said_and_costs_no_other(reader: Reader, changes: dict[str, Any]) -> None:
    reading = read(reader, observation("b", **changes), observation("a"))
    assert "a" in {each.source.id for each in reading.chart.measurements}
    assert refused(reading) == [("Observation/b", "unreadable")]
