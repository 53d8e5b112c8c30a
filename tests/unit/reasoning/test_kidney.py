"""Kidney function: tests/rules/derived/4-kidney.yaml, the formulas, and what must hold for any chart."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds.reasoning.conclusions import Value
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import Kidney, assess_kidney, ckd_epi_2021, schwartz
from tests.clock import NOW
from tests.rules.charts import cases, facts_of, knowledge
from tests.unit.reasoning.derived import differences

CASES = dict(cases("4-kidney"))
RULES = knowledge().kidney
GRAVITY = {"not-reduced": 0, "G1": 0, "G2": 0, "G3": 1, "G3a": 1, "G3b": 2, "G4": 3, "G5": 4, "G5D": 5}


@pytest.mark.parametrize("name", CASES)
def test_finds_what_the_table_says(name: str, now: datetime) -> None:
    case = CASES[name]
    assert differences(case["expected"], facts_of(case, now)) == [], case.get("why")


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "egfr"),
    [
        (80, 50, "male", 103.4),
        (80, 50, "female", 77.4),
        (150, 70, "female", 32.1),
        (220, 66, "male", 27.8),
        (450, 58, "male", 12.4),
        (79.56, 55, "female", 75.5),
    ],
)
def test_check_values_of_ren_1(creatinine: float, age: float, sex: str, egfr: float) -> None:
    assert round(ckd_epi_2021(creatinine, age, sex, RULES), 1) == egfr


def test_schwartz_is_the_same_in_both_units() -> None:
    """REN-4: 36.5 x cm / umol/L is 0.413 x cm / mg/dL."""
    assert schwartz(88.4, 120, RULES) == pytest.approx(0.413 * 120 / 1.0, rel=0.001)


adults = st.fixed_dictionaries({"age": st.integers(19, 95), "sex": st.sampled_from(["male", "female"])})
creatinines = st.integers(30, 900)


@given(creatinines, st.integers(1, 200), st.floats(18, 100), st.sampled_from(["male", "female"]))
def test_more_creatinine_is_less_egfr(creatinine: int, more: int, age: float, sex: str) -> None:
    assert ckd_epi_2021(creatinine + more, age, sex, RULES) < ckd_epi_2021(creatinine, age, sex, RULES)
    assert ckd_epi_2021(creatinine, age + 1, sex, RULES) < ckd_epi_2021(creatinine, age, sex, RULES)


def kidney(patient: dict[str, object], *lines: str, **more: object) -> Kidney:
    return facts_of({"patient": patient, "labs": lines, **more}, NOW)(assess_kidney)


@given(adults, creatinines, creatinines)
def test_more_creatinine_is_no_better_category(patient: dict[str, object], one: int, other: int) -> None:
    conditions = [{"concept": "chronic-kidney-disease"}]
    assume(one < other)
    lower = kidney(patient, f"creatinine {one} umol/L, 1 d", conditions=conditions)
    higher = kidney(patient, f"creatinine {other} umol/L, 1 d", conditions=conditions)
    assert lower.category is not None
    assert higher.category is not None
    assert GRAVITY[lower.category] <= GRAVITY[higher.category]


@given(creatinines, st.integers(19, 95))
def test_an_unknown_sex_never_says_what_one_sex_would_deny(creatinine: int, age: int) -> None:
    line = f"creatinine {creatinine} umol/L, 1 d"
    conditions = [{"concept": "chronic-kidney-disease"}]
    female, male, unknown = (
        kidney({"age": age, "sex": sex}, line, conditions=conditions).category for sex in ("female", "male", None)
    )
    assert unknown == (female if female == male else None)


@given(st.integers(1, 150), st.sampled_from(["", "<", "<=", ">", ">="]), st.integers(1, 150))
def test_the_category_and_the_number_agree(value: int, sign: str, limit: int) -> None:
    found = kidney(
        {"age": 50, "sex": "male"},
        f"egfr {sign}{value} mL/min/{{1.73_m2}}, 1 d",
        conditions=[{"concept": "chronic-kidney-disease"}],
    )
    if found.category is not None and sign == "":
        assert found.egfr_below(limit) is (value < limit)
    if found.category in ("G1", "G2", "not-reduced"):
        assert found.egfr_below(60) is False
    if found.severe:
        assert found.egfr_below(30) is True
    if found.moderate:
        assert found.egfr_below(60) is True


def test_a_site_may_prefer_the_laboratory() -> None:
    """D-18: `equation: reported` takes any reported eGFR before ours."""
    asked = facts_of(
        {
            "patient": {"age": 50, "sex": "male"},
            "labs": ["creatinine 80 umol/L, 5 d", "egfr 88 mL/min/{1.73_m2}, 5 d, code 62238-1"],
        },
        NOW,
    )
    reported = asked.knowledge.kidney.model_copy(update={"equation": "reported"})
    site = Facts(asked.chart, NOW, replace(asked.knowledge, kidney=reported))
    computed, preferred = asked(assess_kidney).egfr, site(assess_kidney).egfr
    assert computed is not None
    assert computed.computed
    assert preferred is not None
    assert preferred.value == 88


def test_says_where_the_estimate_comes_from() -> None:
    row, *_ = kidney({"age": 50, "sex": "male"}, "creatinine 80 umol/L, 5 d").evidence
    assert isinstance(row.value, Value)
    assert round(row.value.number) == 103
    assert row.remark is not None
    assert row.remark.fr == "calculé à partir de la créatinine"
    assert str(row.source) == "Observation/observation-1"


@pytest.mark.parametrize(
    ("category", "severe", "moderate"),
    [("G2", False, False), ("G3", False, True), ("G3b", False, True), ("G4", True, False), ("G5D", True, False)],
)
def test_d_4_names_strong_and_weak(category: str, severe: bool, moderate: bool) -> None:
    empty = kidney({"age": 50, "sex": "male"})
    found = empty._replace(category=category)  # type: ignore[arg-type]
    assert (found.severe, found.moderate, found.known) == (severe, moderate, True)
    assert not empty.known
