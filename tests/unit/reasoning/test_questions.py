"""Every question of the vocabulary: true, false and unknown. Unknown is never false, and never normal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from cds.reasoning.chart import Access, Patient, Procedure, Ref, Report
from cds.reasoning.knowledge.criteria import parse
from cds.reasoning.knowledge.vocabulary import VOCABULARY
from cds.reasoning.questions import MEANINGS, ask
from tests.unit.reasoning.core import ago, calcinosis, facts, match, measured, problem

ONLY_FOR_THE_CLASS = {"calcification-recorded", "red-flag", "metabolic", "dystrophic", "panel"}
ONLY_FOR_ORDERS = {
    "draft", "drafted", "taken", "accepted", "recorded", "calcium-now", "calcium-under", "calcium-alarm",
    "calcium-high-since", "phosphate-now", "calciphylaxis", "class", "cause", "calcium-phosphate-product", "measured",
    "acute-kidney-injury", "ankle-brachial-index", "ankle-pressure", "toe-pressure", "leg-ulcer", "venous-disease", "mass",
    "mri", "calcific-myonecrosis",
}  # fmt: skip


def test_every_word_has_a_meaning() -> None:
    assert set(MEANINGS) == set(VOCABULARY) - ONLY_FOR_THE_CLASS - ONLY_FOR_ORDERS


UNKNOWN = {
    "age": {"below": 30},
    "calcium": "normal",
    "hypercalcaemia": "verified",
    "phosphate": "normal",
    "phosphate-anomaly": True,
    "pth": "suppressed",
    "pth-status": "normal",
    "pth-multiple": {"above": 1},
    "anomaly": "any",
    "paraprotein": "absent",
    "kidney": "G1",
    "egfr": {"at-least": 60},
    "creatinine-rise": {"at-least": 1.5},
    "lab": {"id": "bicarbonate", "above": 29},
    "lab-status": {"id": "bicarbonate", "is": "normal"},
    "lab-low": {"id": "fgf23-intact", "below": 10},
    "lab-upper-half": "vitamin-d-1-25",
    "calcium-creatinine-clearance": {"below": 0.01},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_nothing_known_is_neither_true_nor_false(now: datetime, name: str) -> None:
    for criterion in ({name: UNKNOWN[name]}, {"not": {name: UNKNOWN[name]}}):
        answer = ask(parse(criterion), facts(now))
        assert answer.truth is None
        assert answer.missing


@pytest.mark.parametrize(
    "criterion",
    [
        {"diagnosis": "sarcoidosis"},
        {"mention": "sarcoidosis"},
        {"mention-alone": "calcium-phosphate-metabolism-anomaly"},
        {"reported": "lytic-lesions"},
        {"medicine": "lithium"},
    ],
)
def test_what_is_not_recorded_is_false_only_where_somebody_looked(now: datetime, criterion: dict[str, Any]) -> None:
    assert ask(parse(criterion), facts(now)).truth is False
    unseen = facts(now, access={"conditions": Access.PARTIAL, "reports": Access.FAILED})
    assert ask(parse(criterion), unseen).truth is None
    assert ask(parse({"not": criterion}), unseen).truth is None


@pytest.mark.parametrize(
    ("criterion", "truth"),
    [
        ({"all": [{"age": {"below": 30}}, {"diagnosis": "sarcoidosis"}]}, None),
        ({"all": [{"age": {"below": 30}}, {"diagnosis": "gout"}]}, False),
        ({"any": [{"age": {"below": 30}}, {"diagnosis": "sarcoidosis"}]}, True),
        ({"any": [{"age": {"below": 30}}, {"diagnosis": "gout"}]}, None),
        ({"not": {"diagnosis": "sarcoidosis"}}, False),
    ],
)
def test_joining(now: datetime, criterion: dict[str, Any], truth: bool | None) -> None:
    assert ask(parse(criterion), facts(now, problems=(problem("sarcoidosis"),))).truth is truth


PTH = {"low": 15.0, "high": 65.0}


@pytest.mark.parametrize(
    ("value", "comparator", "bound", "truth"),
    [
        (66, "", {"above": 1}, True),
        (65, "", {"above": 1}, False),
        (200, ">", {"above": 2}, True),
        (100, ">", {"above": 2}, None),
        (64, "", {"below": 1}, True),
        (600, "", {"outside": [2, 9]}, True),
        (260, "", {"outside": [2, 9]}, False),
        (100, "", {"outside": [2, 9]}, True),
        (700, ">", {"outside": [2, 9]}, True),
        (200, ">", {"outside": [2, 9]}, None),
    ],
)
def test_multiples_of_the_upper_limit(
    now: datetime, value: float, comparator: str, bound: dict[str, Any], truth: bool | None
) -> None:
    known = facts(now, measurements=(measured(now, "pth-intact", value, comparator=comparator, **PTH),))
    assert ask(parse({"pth-multiple": bound}), known).truth is truth


@pytest.mark.parametrize(
    ("wanted", "spike", "truth"),
    [("present", 4.0, True), ("absent", 4.0, False), ("absent", 0.0, True), ("present", 0.0, False)],
)
def test_a_paraprotein_is_absent_only_where_it_was_looked_for(
    now: datetime, wanted: str, spike: float, truth: bool
) -> None:
    known = facts(now, measurements=(measured(now, "m-protein", spike),))
    assert ask(parse({"paraprotein": wanted}), known).truth is truth


@pytest.mark.parametrize(
    ("when", "bound", "truth"), [(1000, 2, True), (500, 2, False), (None, 2, None)]
)  # fmt: skip
def test_years_since_the_transplant(now: datetime, when: int | None, bound: int, truth: bool | None) -> None:
    onset = None if when is None else ago(now, when)
    known = facts(now, problems=(problem("kidney-transplant", onset=onset),))
    assert ask(parse({"transplant-years": {"above": bound}}), known).truth is truth
    assert ask(parse({"transplant-years": {"above": bound}}), facts(now)).truth is False


def test_years_of_dialysis(now: datetime) -> None:
    question = parse({"dialysis-years": {"at-least": 5}})
    assert ask(question, facts(now)).truth is False
    assert ask(question, facts(now, problems=(problem("haemodialysis"),))).truth is None
    session = Procedure(Ref("Procedure", "1"), (match("haemodialysis"),), (), ago(now, 2000), ago(now, 1))
    assert ask(question, facts(now, procedures=(session,))).truth is True


@pytest.mark.parametrize(
    ("asked", "value", "comparator", "truth"),
    [
        ({"above": 29, "below": 40}, 30, "", True),
        ({"above": 29, "below": 40}, 41, "", False),
        ({"above": 29}, 28, ">", None),
        ({"from": 29}, 29, "", True),
        ({"from": 29}, 35, "<", None),
    ],
)
def test_a_result_against_limits(
    now: datetime, asked: dict[str, float], value: float, comparator: str, truth: bool | None
) -> None:
    known = facts(now, measurements=(measured(now, "bicarbonate", value, comparator=comparator),))
    assert ask(parse({"lab": {"id": "bicarbonate", **asked}}), known).truth is truth


@pytest.mark.parametrize(
    ("value", "own", "comparator", "truth"),
    [(8, None, "", True), (12, None, "", False), (12, 14.0, "", True), (8, None, ">", None)],
)
def test_low_by_the_laboratorys_limit_or_the_rules(
    now: datetime, value: float, own: float | None, comparator: str, truth: bool | None
) -> None:
    known = facts(now, measurements=(measured(now, "fgf23-intact", value, low=own, comparator=comparator),))
    assert ask(parse({"lab-low": {"id": "fgf23-intact", "below": 10}}), known).truth is truth


@pytest.mark.parametrize(("value", "comparator", "truth"), [(100, "", True), (99, "", False), (99, ">", None)])
def test_upper_half(now: datetime, value: float, comparator: str, truth: bool | None) -> None:
    one = measured(now, "vitamin-d-1-25", value, low=40.0, high=160.0, comparator=comparator)
    assert ask(parse({"lab-upper-half": "vitamin-d-1-25"}), facts(now, measurements=(one,))).truth is truth


def test_age(now: datetime) -> None:
    young = facts(now, patient=Patient("example", born=now.date().replace(year=now.year - 20)))
    assert ask(parse({"age": {"below": 30}}), young).truth is True
    assert ask(parse({"age": {"at-least": 30}}), young).truth is False


def test_forms_and_calcifications(now: datetime) -> None:
    known = facts(now, problems=(calcinosis(), problem("tumoral-calcinosis", text="Tumoral calcinosis of the hip")))
    assert ask(parse({"form": "tumoral-calcinosis"}), known).truth is True
    assert ask(parse({"form": "gouty-tophus"}), known).truth is False
    assert ask(parse({"calcification": ["hip", "spine"]}), known).truth is True
    assert ask(parse({"calcification": "spine"}), known).truth is False


def test_a_rise_of_creatinine(now: datetime) -> None:
    results = tuple(
        replace(measured(now, "creatinine", value, days=days), source=Ref("Observation", str(days)))
        for value, days in ((160, 1), (80, 100), (82, 150))
    )
    answer = ask(parse({"creatinine-rise": {"at-least": 1.5}}), facts(now, measurements=results))
    assert answer.truth is True
    assert len(answer.evidence) == 2


def test_only_a_final_report_without_a_suspicion_reports(now: datetime) -> None:
    def reported(text: str, *, preliminary: bool = False) -> bool | None:
        report = Report(Ref("DiagnosticReport", "1"), (), (), (text,), ago(now, 5), preliminary=preliminary)
        return ask(parse({"reported": "lytic-lesions"}), facts(now, reports=(report,))).truth

    assert reported("Lytic lesions of the spine.") is True
    assert reported("Suspicion of lytic lesions of the spine.") is False
    assert reported("Lytic lesions of the spine.", preliminary=True) is False
