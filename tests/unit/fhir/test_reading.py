"""The Chart does not depend on how the data came (invariant 7), and real data are read without a word of protest."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds.fhir.files import load
from cds.fhir.reading import Reader, Reading
from cds.reasoning.chart import Chart
from tests.unit.fhir.resources_by_hand import (
    ICD_10,
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

DATA = Path(__file__).parents[2] / "data" / "fhir"


def comparable(chart: Chart) -> dict[str, Any]:
    """The chart with its lists in one order: nothing may depend on theirs."""
    return {
        name: sorted(map(repr, value)) if isinstance(value, tuple) and name not in ("patient", "not_used") else value
        for name, value in chart._asdict().items()
    }


RESOURCES: list[Resource] = [
    patient(gender="female", birthDate="1950"),
    patient("p2"),
    condition("c1"),
    condition("c1", meta={"versionId": "2"}, verificationStatus={"coding": [{"code": "provisional"}]}),
    condition("c2", category=[concept(None, ("x", "encounter-diagnosis"))], recordedDate="2011"),
    condition("c3", code=concept("Calcinosis", (ICD_10, "L94.2")), subject=None),
    observation("o1"),
    observation("o1", valueQuantity=quantity(9.9)),
    observation("o2", valueQuantity=quantity(9.9)),
    observation("o3", code=concept(None, (LOINC, "2160-0")), valueQuantity=quantity(1.1, "mg/dL")),
    observation("o4", subject={"reference": "Patient/p2"}),
    observation("o5", status=1),
    observation("o6", code=concept("Ankle oedema"), valueString="2+", note=[None]),
    resource("MedicationRequest", "m1", status="active", medicationReference={"reference": "Medication/w"}),
    resource("Medication", "w", code=concept("Warfarin")),
    resource("Procedure", "x1", status="completed", code=concept("Haemodialysis"), performedDateTime="2026-02"),
    resource("DiagnosticReport", "d1", status="final", conclusion="Calcification of the calf."),
    resource("ServiceRequest", "s1", status="active", code=concept(None, (LOINC, "2000-8"))),
    resource("Encounter", "e1"),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.permutations(RESOURCES),
    st.lists(st.sampled_from(RESOURCES), max_size=8),
    st.lists(st.integers(0, 18), max_size=3),
)
def test_order_keys_and_repeats_leave_no_trace(
    reader: Reader, order: list[Resource], again: list[Resource], cuts: list[int]
) -> None:
    straight = reader.read({"all": raw(bundle(*RESOURCES))}, PATIENT, NOW)
    resources = order + again
    places = [0, *sorted(cuts), len(resources)]
    keys = {f"k{at}{end}": raw(bundle(*resources[at:end])) for at, end in pairwise(places)}
    shuffled = reader.read(keys, PATIENT, NOW)
    assert comparable(shuffled.chart) == comparable(straight.chart)


def test_the_example_is_read_as_meant(reader: Reader) -> None:
    chart = reader.read({"all": raw(bundle(*RESOURCES))}, PATIENT, NOW).chart
    assert {str(each.source) for each in chart.problems} == {"Condition/c1", "Condition/c2"}
    assert {(str(each.source), each.lab) for each in chart.measurements} >= {("Observation/o3", "creatinine")}
    assert [each.matches[0].concept for each in chart.medicines] == ["vitamin-k-antagonist"]
    assert {(each.reference, each.reason) for each in chart.not_used} >= {
        ("Condition/c3", "no-subject"),
        ("Condition/c1", "duplicate"),
        ("Encounter", "type-not-read"),
        ("Observation/o2", "looks-like-mg-dl"),
        ("Observation/o4", "other-patient"),
        ("Observation/o5", "unreadable"),
        ("Patient/p2", "other-patient"),
    }


def test_two_readers_and_two_readings_agree(reader: Reader, choosy_reader: Reader) -> None:
    sent = {"all": raw(bundle(*RESOURCES))}
    first, _, second = (each.read(sent, PATIENT, NOW) for each in (reader, choosy_reader, reader))
    assert first == second


def test_what_codes_mean_is_remembered_without_whose_they_were(reader: Reader) -> None:
    def read(display: str) -> str:
        sent = raw(bundle(condition(code=concept(None, (ICD_10, "M10.9", display)))))
        (problem,) = reader.read({"all": sent}, PATIENT, NOW).chart.problems
        return problem.matches[0].coding.display

    assert [read("one"), read("two")] == ["one", "two"]


def test_memory_is_bounded(terminology: Any, choosy_reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds.fhir.codes._REMEMBERED", 5)
    many = [observation(f"o{n}", code=concept(f"name {n}", ("x", f"{n}"))) for n in range(20)]
    many += [
        resource("MedicationRequest", f"m{n}", status="active", medicationCodeableConcept=concept(f"Warfarin {n} mg"))
        for n in range(20)
    ]
    many += [observation("last")]
    chart = choosy_reader.read({"all": raw(bundle(*many))}, PATIENT, NOW).chart
    assert [each.source.id for each in chart.measurements] == ["last"]
    assert len(chart.medicines) == 20


# Hostile JSON

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(RESOURCES), st.data())
def test_no_value_of_a_member_raises_or_costs_another(reader: Reader, made: Resource, data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(sorted(set(made) - {"resourceType", "id", "subject"}) or ["meta"]))
    broken = made | {"id": "broken", member: data.draw(_JSON)}
    chart = reader.read({"all": raw(bundle(broken, condition("c9")))}, PATIENT, NOW).chart
    assert "c9" in {each.source.id for each in chart.problems}


# Real data


def records() -> Mapping[str, Path]:
    """Every file of the real data, by name."""
    files = sorted(file for file in DATA.rglob("*") if file.suffix in (".json", ".ndjson"))
    return {file.relative_to(DATA).as_posix(): file for file in files}


RECORDS = records()


def _read(reader: Reader, file: Path) -> Reading:
    text = file.read_text(encoding="utf-8")
    if '"resourceType":"Patient"' in text.replace(" ", ""):
        record = load(file)
        return reader.read(record.resources, record.patient_id, NOW)
    alone = json.loads(text)
    subject = alone["subject"]["reference"].rpartition("/")[2].removeprefix("urn:uuid:")
    return reader.read({"one": raw(alone)}, subject, NOW)


def test_the_real_data_are_here() -> None:
    assert len(RECORDS) == 78


@pytest.mark.parametrize("name", RECORDS)
def test_real_data_are_read_twice_the_same(reader: Reader, name: str) -> None:
    first, second = _read(reader, RECORDS[name]), _read(reader, RECORDS[name])
    assert first == second
    assert not {each.reason for each in first.chart.not_used} & {
        "unreadable",
        "other-patient",
        "no-subject",
        "duplicate",
    }
    assert {"laboratory", "conditions"} <= set(first.chart.access)


@pytest.mark.parametrize("name", [name for name in RECORDS if name.startswith("synthea")])
def test_a_synthetic_patient_in_any_order(reader: Reader, name: str) -> None:
    whole = json.loads(RECORDS[name].read_text(encoding="utf-8"))
    straight = _read(reader, RECORDS[name]).chart
    random.Random(1).shuffle(whole["entry"])
    shuffled = reader.read({"x": raw(whole)}, straight.patient.id, NOW).chart
    assert comparable(shuffled) == comparable(straight)


def test_a_synthetic_patient_is_read_as_it_stands(reader: Reader) -> None:
    (name,) = (each for each in RECORDS if "Dirk" in each)
    chart = _read(reader, RECORDS[name]).chart
    labs = [each.lab for each in chart.measurements]
    assert {lab: labs.count(lab) for lab in ("calcium-total", "creatinine", "body-height")} == {
        "calcium-total": 9, "creatinine": 9, "body-height": 11,
    }  # fmt: skip
    calcium = [each.value for each in chart.measurements if each.lab == "calcium-total"]
    assert all(value is not None and 2.2 < value < 2.5 for value in calcium)
    assert len(chart.reports) == 23
    assert len(chart.problems) == 18
    assert chart.patient.sex == "male"


def test_names_may_be_judged_more_exactly_than_other_words(terminology: Any, medicines: Any, laboratory: Any) -> None:
    asked: list[str] = []

    def named(name: str) -> bool:
        asked.append(name)
        return name == "Ankle oedema"

    strict = Reader(terminology, laboratory, medicines, interesting=lambda text: text == "calcified", named=named)
    sent = {
        "all": raw(
            bundle(
                observation("name", code=concept("Ankle oedema"), valueString="x"),
                observation("value", code=concept("Leg"), valueString="calcified"),
                observation("none", code=concept("Leg"), valueString="Ankle oedema"),
            )
        )
    }
    chart = strict.read(sent, PATIENT, NOW).chart
    assert {each.source.id for each in chart.findings} == {"name", "value"}
    assert asked == ["Ankle oedema", "Leg"]
