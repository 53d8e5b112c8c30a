"""Facts are computed once, at the first question; states of the patient: tests/rules/derived/6-patient.yaml."""

from __future__ import annotations

from datetime import date, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.reasoning.chart import Chart, Patient
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from tests.clock import NOW
from tests.rules.charts import Case, cases, facts_of, knowledge
from tests.unit.reasoning.derived import differences, found

CASES = dict(cases("6-patient"))


@pytest.mark.parametrize("name", CASES)
def test_finds_what_the_table_says(name: str, now: datetime) -> None:
    case = CASES[name]
    assert differences(case.get("expected", {}), facts_of(case, now)) == [], case.get("why")


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (None, None),
        (date(1966, 3, 2), 60),
        (date(1966, 3, 3), 59),
        (date(2025, 3, 2), 1),
        (date(2025, 3, 3), 364 / 366),
        (date(2026, 3, 2), 0),
        (date(2026, 3, 3), 0),
        (date(2008, 2, 29), 18),
    ],
)
def test_age_in_completed_years_and_a_fraction_in_the_first(born: date | None, age: float | None) -> None:
    assert Facts(Chart(Patient("p", born=born)), NOW, knowledge()).age == age


def test_each_fact_is_computed_once_and_only_when_asked() -> None:
    asked: list[str] = []

    def fact(facts: Facts) -> int:
        asked.append(facts.chart.patient.id)
        return len(asked)

    facts = Facts(Chart(Patient("p")), NOW, knowledge())
    assert asked == []
    assert [facts(fact), facts(fact)] == [1, 1]


def test_what_is_decided_elsewhere_is_not_computed() -> None:
    facts = Facts(Chart(Patient("p")), NOW, knowledge(), known={assess_kidney: "decided"})
    assert facts(assess_kidney) == "decided"


# What must hold for any chart: nothing fails, and the order of the chart is not part of the answer.

_DAYS = st.one_of(st.none(), st.integers(0, 4000))
_HOURS = st.integers(-24, 24 * 800)
_NUMBERS = {
    "albumin": (5, 80),
    "body-height": (30, 250),
    "calcium-corrected": (0.5, 8),
    "calcium-ionised": (0.3, 3),
    "calcium-total": (0.5, 8),
    "creatinine": (10, 3000),
    "egfr": (1, 200),
    "egfr-schwartz": (1, 250),
    "m-protein": (0, 150),
    "phosphate": (0.1, 5),
    "platelets": (1, 5000),
    "potassium": (1, 10),
    "alp": (5, 5000),
    "protein-total": (20, 150),
    "pth-intact": (1, 6000),
}


@st.composite
def _lines(draw: st.DrawFn) -> str:
    lab = draw(st.sampled_from(sorted(_NUMBERS)))
    low, high = _NUMBERS[lab]
    if draw(st.integers(0, 9)) == 0:
        value = draw(st.sampled_from(["normal", "high", "positive", "see comment"]))
    else:
        sign = draw(st.sampled_from(["", "", "", "<", "<=", ">", ">="]))
        value = f"{sign}{draw(st.floats(low, high)):.2f} {knowledge().laboratory.test(lab).unit}"
    more = draw(st.sampled_from(["", "", "", ", on a day", ", preliminary", ", LL", ", range 1-50", ", note hémolysé"]))
    return f"{lab} {value}, {draw(_HOURS)} h{more}"


_CASES = st.fixed_dictionaries(
    {
        "patient": st.fixed_dictionaries(
            {
                "age": st.sampled_from([None, 0, 0.9, 1, 2, 14, 15, 17, 18, 90]),
                "sex": st.sampled_from([None, "male", "female"]),
            }
        ),
        "labs": st.lists(_lines(), max_size=10),
        "conditions": st.lists(
            st.fixed_dictionaries(
                {
                    "concept": st.sampled_from(
                        [
                            "acute-kidney-injury",
                            "chronic-kidney-disease",
                            "ckd-stage-1-2",
                            "ckd-stage-3",
                            "ckd-stage-5-eskd",
                            "haemodialysis",
                            "kidney-transplant",
                            "multiple-myeloma",
                            "nephrotic-syndrome",
                            "pregnancy",
                        ]
                    ),
                    "onset_d": _DAYS,
                    "recorded_d": _DAYS,
                    "past": st.booleans(),
                    "provisional": st.booleans(),
                }
            ),
            max_size=3,
        ),
        "procedures": st.lists(
            st.fixed_dictionaries(
                {"concept": st.sampled_from(["haemodialysis", "kidney-transplant"]), "first_d": _DAYS, "last_d": _DAYS}
            ),
            max_size=3,
        ),
    }
)


@given(_CASES, st.randoms(use_true_random=False))
def test_any_chart_is_read_and_its_order_does_not_matter(case: Case, random: Random) -> None:
    facts = facts_of(case, NOW)
    chart = facts.chart
    shuffled = chart._replace(
        **{name: tuple(random.sample(getattr(chart, name), len(getattr(chart, name)))) for name in _ORDERED}
    )
    assert found(Facts(shuffled, NOW, knowledge())) == found(facts)


_ORDERED = ("measurements", "problems", "procedures")


@given(_CASES)
def test_unknown_is_unknown(case: Case) -> None:
    got = found(facts_of(case, NOW))
    if got["kidney"] == "unknown":
        assert got["why-kidney"] in ("none", "acute", "single", "pregnancy", "child", "sex-unknown")
    if got["pregnant"]:
        assert got["from"] in (None, "ionised")
        assert got["egfr"] is None
    if got["dialysis"]:
        assert (got["kidney"], got["acute"], got["egfr"]) == ("G5D", False, None)
    if got["acute"]:
        assert got["egfr"] is None
    if not case["labs"]:
        assert (got["calcium"], got["phosphate"], got["pth"], got["anomaly"]) == ("unknown", "unknown", "unknown", [])
