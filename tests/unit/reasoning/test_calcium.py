"""Calcium, its alarm, its history: tests/rules/derived/{2-calcium,3-alarm}.yaml, and what must hold for any chart."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds.reasoning.calcium import CORRECTED, adjusted, assess_calcium, calcium_rows
from cds.reasoning.conclusions import Value
from cds.reasoning.critical import alarm
from cds.reasoning.facts import Facts
from tests.clock import NOW
from tests.rules.charts import Case, cases, facts_of, measurement
from tests.unit.reasoning.derived import differences, found

CASES = dict(cases("2-calcium", "3-alarm"))
ADULT = {"age": 60, "sex": "female"}


@pytest.mark.parametrize("name", CASES)
def test_finds_what_the_table_says(name: str, now: datetime) -> None:
    case = CASES[name]
    assert differences(case["expected"], facts_of(case, now)) == [], case.get("why")


def facts(*lines: str, **more: object) -> Facts:
    return facts_of({"patient": ADULT, "labs": lines, **more}, NOW)


def test_the_correction_is_the_same_in_both_units() -> None:
    """CAL-2: 0.02 mmol/L per g/L is 0.8 mg/dL per g/dL."""
    in_mg = 9.2 + 0.8 * (4.0 - 3.1)
    albumin = measurement(1, "albumin 31 g/L, 1 d", NOW)
    assert adjusted(facts(), 9.2 * 0.249513, albumin) == pytest.approx(in_mg * 0.249513, abs=0.001)


def test_arithmetic_makes_no_hypercalcaemia() -> None:
    """2.60 is normal, however it is reached: 2.20 + 0.40, 2.21 + 0.39 …"""
    for grams in range(300, 501):
        albumin = measurement(1, f"albumin {grams / 10} g/L, 1 d", NOW)
        total = round(2.60 - 0.002 * (400 - grams), 3)
        assert adjusted(facts(), total, albumin) == 2.6


def rows(*lines: str, **more: object) -> list[tuple[str, object, str]]:
    asked = facts(*lines, **more)
    return [
        (
            row.label.en,
            row.value.number if isinstance(row.value, Value) else row.value,
            row.remark.en if row.remark else "",
        )
        for row in asked(calcium_rows)
    ]


def test_shows_the_result_that_was_read_and_what_it_was_read_with() -> None:
    total, ionised = "Calcium, total", "Calcium, ionised"
    assert rows() == []
    assert rows("calcium-total 2.4 mmol/L, 5 d") == [(total, 2.4, "albumin not measured")]
    assert rows("calcium-total 2.3 mmol/L, 5 d", "albumin 35 g/L, 5 d") == [
        (total, 2.3, ""),
        ("Albumin", 35, ""),
        (CORRECTED.en, 2.4, ""),
    ]
    assert rows("calcium-corrected 2.4 mmol/L, 5 d") == [
        ("Calcium, albumin-corrected (reported by laboratory)", 2.4, "")
    ]
    assert rows("calcium-total 3.1 mmol/L, 5 d", "calcium-ionised 1.2 mmol/L, 5 d") == [
        (ionised, 1.2, ""),
        (total, 3.1, ""),
    ]
    assert rows("calcium-total 2.3 mmol/L, 1 d", "albumin 20 g/L, 1 d", "calcium-ionised 1.5 mmol/L, 9 d") == [
        (total, 2.3, "albumin < 30 g/L: a total that is not high proves nothing"),
        ("Albumin", 20, ""),
        (ionised, 1.5, ""),
    ]


def test_an_alarm_shows_the_value_that_raised_it() -> None:
    fired = alarm(facts("calcium-total 2.8 mmol/L, 1 h", "albumin 25 g/L, 1 h"))
    assert fired is not None
    assert [(row.label.en, row.value.number) for row in fired.evidence if isinstance(row.value, Value)] == [
        ("Calcium, total", 2.8),
        ("Albumin", 25),
        (CORRECTED.en, 3.1),
    ]


# What must hold for any chart.

_LINES = st.one_of(
    st.builds(
        "calcium-total {:.2f} mmol/L, {} h".format,
        st.integers(140, 380).map(lambda n: n / 100),
        st.integers(0, 24 * 500),
    ),
    st.builds(
        "calcium-ionised {:.2f} mmol/L, {} h".format,
        st.integers(70, 190).map(lambda n: n / 100),
        st.integers(0, 24 * 500),
    ),
    st.builds(
        "calcium-corrected {:.2f} mmol/L, {} h".format,
        st.integers(140, 380).map(lambda n: n / 100),
        st.integers(0, 24 * 500),
    ),
    st.builds("albumin {} g/L, {} h".format, st.integers(15, 55), st.integers(0, 24 * 500)),
    st.builds(
        "calcium-total {} mmol/L, {} h".format, st.sampled_from(["<1.9", ">3.0", "<2.6", ">2.0"]), st.integers(0, 200)
    ),
    st.builds("calcium-total {}, {} h".format, st.sampled_from(["normal", "high", "pending"]), st.integers(0, 2000)),
    st.builds("egfr {} mL/min/{{1.73_m2}}, {} h".format, st.integers(10, 110), st.integers(0, 2000)),
)
_CHARTS = st.lists(_LINES, max_size=8)
_PATIENTS = st.fixed_dictionaries(
    {"age": st.sampled_from([None, 0.5, 1, 10, 17, 18, 60]), "sex": st.sampled_from([None, "male", "female"])}
)


def _case(patient: Case, lines: list[str]) -> Case:
    return {"patient": patient, "labs": lines}


@given(_PATIENTS, _CHARTS, st.randoms())
def test_the_order_of_results_changes_nothing(patient: Case, lines: list[str], random: st.DrawFn) -> None:
    measurements = facts_of(_case(patient, lines), NOW).chart.measurements
    shuffled = list(measurements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    asked = facts_of(_case(patient, lines), NOW)
    other = Facts(asked.chart._replace(measurements=tuple(shuffled)), NOW, asked.knowledge)
    assert found(other) == found(asked)


@given(_PATIENTS, _CHARTS)
def test_a_result_seen_twice_counts_once(patient: Case, lines: list[str]) -> None:
    once = facts_of(_case(patient, lines), NOW)
    twice = Facts(once.chart._replace(measurements=once.chart.measurements * 2), NOW, once.knowledge)
    assert found(twice) == found(once)


@given(_PATIENTS, _CHARTS)
def test_an_irrelevant_result_changes_nothing(patient: Case, lines: list[str]) -> None:
    more = [*lines, "urate 300 umol/L, 1 d", "ferritin 100 ug/L, 1 d", "crp 200 mg/L, 2 h"]
    assert found(facts_of(_case(patient, more), NOW)) == found(facts_of(_case(patient, lines), NOW))


@given(_PATIENTS, _CHARTS)
def test_unknown_is_never_normal(patient: Case, lines: list[str]) -> None:
    calcium = facts_of(_case(patient, lines), NOW)(assess_calcium)
    if calcium.sample is None:
        assert calcium.status == "unknown"
    if calcium.hypercalcaemia == "unverified":
        assert calcium.settled == "unreliable"
    if calcium.settled == "high":
        assert calcium.hypercalcaemia == "verified"
    if calcium.hypercalcaemia in ("verified", "unverified"):
        assert calcium.high is not None
        assert calcium.high.status == "high"


@given(
    _PATIENTS,
    _CHARTS,
    st.sampled_from(["calcium-total", "calcium-corrected"]),
    st.integers(200, 370),
    st.integers(1, 40),
)
def test_a_higher_newest_total_is_no_smaller_alarm(
    patient: Case, lines: list[str], lab: str, hundredths: int, more: int
) -> None:
    gravity = {"none": 0, "C-URG-CA": 1, "C-CRIT-CA-HIGH": 2, "C-URG-CA-LOW": 0, "C-CRIT-CA-LOW": 0}
    older = [line for line in lines if not line.startswith(lab)]
    lower, higher = (
        found(facts_of(_case(patient, [*older, f"{lab} {value / 100:.2f} mmol/L, 0 h"]), NOW))["alarm"]
        for value in (hundredths, hundredths + more)
    )
    assert gravity[higher] >= gravity[lower]


@given(st.floats(4.0, 20.0), st.integers(15, 55))
def test_both_units_read_the_same(mg: float, grams: int) -> None:
    """A chart that holds the converted value and one that holds the canonical one are the same chart (LAB-1)."""
    canonical = round(mg * 0.249513, 9)
    lines = [f"calcium-total {canonical:.9f} mmol/L, 5 h", f"albumin {grams} g/L, 5 h"]
    asked = facts_of(_case(ADULT, lines), NOW)
    converted = tuple(
        replace(each, value=mg * 0.249513) if each.lab == "calcium-total" else each for each in asked.chart.measurements
    )
    other = Facts(asked.chart._replace(measurements=converted), NOW, asked.knowledge)
    first, second = found(asked), found(other)
    assert first.pop("value") == pytest.approx(second.pop("value"), abs=1e-6)
    assert first == second
