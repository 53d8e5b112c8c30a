"""Phosphate, PTH, ANOM and Ca x P: tests/rules/derived/5-minerals.yaml, and what must hold for any chart."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.reasoning.minerals import assess_anomaly, assess_phosphate
from tests.clock import NOW
from tests.rules.charts import cases, facts_of
from tests.unit.reasoning.derived import differences, found

CASES = dict(cases("5-minerals"))


@pytest.mark.parametrize("name", CASES)
def test_finds_what_the_table_says(name: str, now: datetime) -> None:
    case = CASES[name]
    assert differences(case["expected"], facts_of(case, now)) == [], case.get("why")


ages = st.sampled_from([None, 0.5, 1, 4, 5, 12, 13, 15, 16, 17, 18, 60])


@given(ages, st.integers(40, 300), st.integers(1, 200))
def test_a_higher_phosphate_is_no_smaller_anomaly(age: float | None, hundredths: int, more: int) -> None:
    lower, higher = (
        facts_of({"patient": {"age": age, "sex": "male"}, "labs": [f"phosphate {value / 100:.2f} mmol/L, 1 d"]}, NOW)(
            assess_phosphate
        )
        for value in (hundredths, hundredths + more)
    )
    order = {"unknown": 0, "low": 1, "normal": 2, "high": 3}
    assert order[higher.status] >= order[lower.status]
    assert higher.anomaly >= lower.anomaly


@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from(["ckd-stage-3", "ckd-stage-4", "haemodialysis"]))
def test_a_higher_pth_is_no_smaller_anomaly(one: int, more: int, kidneys: str) -> None:
    lower, higher = (
        found(
            facts_of(
                {
                    "patient": {"age": 60, "sex": "male"},
                    "labs": [f"pth-intact {value} ng/L, 1 d"],
                    "conditions": [{"concept": kidneys}],
                },
                NOW,
            )
        )["anomaly"]
        for value in (one, one + more)
    )
    assert set(lower) <= set(higher)


def test_an_anomaly_rests_on_its_results() -> None:
    asked = facts_of(
        {
            "patient": {"age": 60, "sex": "male"},
            "labs": [
                "calcium-total 2.0 mmol/L, 5 d",
                "phosphate 2.0 mmol/L, 5 d",
                "phosphate 2.1 mmol/L, 9 d",
                "pth-intact 400 ng/L, 5 d",
            ],
            "conditions": [{"concept": "ckd-stage-4"}],
        },
        NOW,
    )
    anomaly = asked(assess_anomaly)
    assert anomaly.present
    assert [str(row.source) for row in anomaly.evidence] == [
        "Observation/observation-2",
        "Observation/observation-3",
        "Observation/observation-4",
        "Observation/observation-1",
    ]
