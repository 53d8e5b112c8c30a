"""Which results are used, and what they prove (ACC-4 to 6, LAB-2 to 6): tests/rules/derived/{comparators,1-results}.yaml."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds.reasoning.chart import Chart, Measurement, Patient
from cds.reasoning.laboratory import Laboratory, above, below, reported_results
from tests.clock import NOW
from tests.rules.charts import FOLDER, cases, facts_of, knowledge, measurement
from tests.unit.reasoning.derived import differences

CASES = dict(cases("1-results"))
COMPARATORS = yaml.safe_load((FOLDER / "comparators.yaml").read_text(encoding="utf-8"))
_TRUTH = {"unknown": None, True: True, False: False}


@pytest.mark.parametrize("name", CASES)
def test_reads_results_as_the_table_says(name: str, now: datetime) -> None:
    case = CASES[name]
    assert differences(case["expected"], facts_of(case, now)) == [], case.get("why")


def result(words: str, lab: str = "pth-intact", ago: str = "1 d") -> Measurement:
    unit = f" {knowledge().laboratory.test(lab).unit}" if words[-1].isdigit() else ""
    return measurement(1, f"{lab} {words}{unit}, {ago}", NOW)


@pytest.mark.parametrize("row", COMPARATORS["rows"], ids=lambda row: row["result"])
def test_a_comparator_proves_only_one_side(row: dict[str, str]) -> None:
    limit = COMPARATORS["limit"]
    assert above(result(row["result"]), limit) is _TRUTH[row["above"]]
    assert below(result(row["result"]), limit) is _TRUTH[row["below"]]


numbers = st.integers(0, 400).map(lambda number: number / 10)


@given(sign=st.sampled_from(["<", "<=", ">", ">="]), value=numbers, limit=numbers, true=numbers)
def test_a_comparator_never_proves_what_a_value_it_allows_contradicts(
    sign: str, value: float, limit: float, true: float
) -> None:
    allowed = {"<": true < value, "<=": true <= value, ">": true > value, ">=": true >= value}[sign]
    if allowed:
        open_ = replace(result("1"), value=value, comparator=sign)  # type: ignore[arg-type]
        assert above(open_, limit) in (None, true > limit)
        assert below(open_, limit) in (None, true < limit)


def laboratory(*lines: str, age: float | None = 60, sex: str | None = "female") -> Laboratory:
    facts = facts_of({"patient": {"age": age, "sex": sex}, "labs": lines}, NOW)
    return facts(reported_results)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("urine-calcium-24h 6.24 mmol/(24.h), 1 d", "normal"),
        ("urine-calcium-24h 6.25 mmol/(24.h), 1 d", "high"),
        ("urine-calcium-24h <6.25 mmol/(24.h), 1 d", "normal"),
        ("urine-calcium-24h <6.26 mmol/(24.h), 1 d", "unknown"),
        ("urine-calcium-24h 6.25 mmol/(24.h), 1 d, range <6.25", "normal"),
        ("egfr 200 mL/min/{1.73_m2}, 1 d", "normal"),
        ("egfr 89 mL/min/{1.73_m2}, 1 d", "low"),
        ("pthrp 1.5 pmol/L, 1 d", "unknown"),
        ("pthrp 1.5 pmol/L, 1 d, range <2.0", "normal"),
        ("pthrp 2.5 pmol/L, 1 d, range <2.0", "high"),
        ("pthrp 0.5 pmol/L, 1 d, range >1.0", "low"),
        ("phosphate haut, 1 d", "unknown"),
    ],
)
def test_a_limit_that_nobody_has_is_not_one_that_we_lack(line: str, status: str) -> None:
    results = laboratory(line)
    assert results.status(results.latest(line.split(" ")[0])) == status


def test_a_test_without_a_result_has_no_status() -> None:
    assert laboratory().status(None) == "unknown"


def test_the_newest_comes_first_and_the_stale_not_at_all() -> None:
    results = laboratory("albumin 30 g/L, 400 d", "albumin 40 g/L, 2 d", "albumin 20 g/L, 1 d, preliminary")
    assert [each.value for each in results.all("albumin")] == [40, 30]
    assert [each.value for each in results.all("albumin", days=365)] == [40]
    assert results.latest("albumin", days=1) is None
    assert results.latest("albumin", where=lambda each: each.value == 30) is None
    assert results.latest("calcium-total") is None


@pytest.mark.parametrize(("days", "recent"), [(90, False), (91, True), (365, True), (366, False)])
def test_recent_is_neither_current_nor_stale(days: int, recent: bool) -> None:
    results = laboratory(f"albumin 40 g/L, {days} d")
    assert results.is_recent(results.all("albumin")[0]) is recent


def test_a_result_in_words_is_shown_in_its_words() -> None:
    results = laboratory("phosphate normal, 1 d", "phosphate 1.234 mmol/L, 2 d")
    words, number = results.rows((*results.all("phosphate"), None))
    assert words.value == "normal"
    assert str(number.value) == "Value(number=1.234, unit='mmol/L', digits=2, comparator='')"
    assert results.evidence(replace(results.all("phosphate")[0], words="", reported="H")).value == "H"


@given(
    st.permutations(
        ["albumin 40 g/L, 2 d", "albumin 41 g/L, 2 d", "albumin 42 g/L, 2 d, on a day", "albumin 43 g/L, 5 h"]
    )
)
def test_the_order_of_a_chart_is_not_the_order_of_its_results(lines: list[str]) -> None:
    found = [measurement(int(line[8:10]), line, NOW) for line in lines]
    results = Laboratory(Chart(Patient("p"), measurements=tuple(found)), NOW, knowledge().laboratory)
    assert [each.value for each in results.all("albumin")] == [43, 40, 41, 42]


@given(st.lists(st.integers(0, 24 * 20), max_size=12), st.integers(0, 24 * 20), st.integers(0, 4))
def test_around_finds_what_a_search_through_all_finds(hours: list[int], centre: int, days: int) -> None:
    results = laboratory(*(f"albumin 40 g/L, {each} h" for each in hours))
    when = result("1", ago=f"{centre} h").when
    expected = [
        each
        for each in results.all("albumin")
        if abs((each.when.instant.date() - when.instant.date()) / timedelta(days=1)) <= days
    ]
    assert results.around("albumin", when, days=days) == expected
