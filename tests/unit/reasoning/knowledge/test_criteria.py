"""Criteria as they are written: what may stand there, what is refused and how it is read aloud."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cds.data import folder
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.knowledge.criteria import Criterion, parse
from cds.reasoning.knowledge.vocabulary import VOCABULARY, Bound, LabBound


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        ({"calcium": "high"}, ("high",)),
        ({"calcium": ["low", "unknown"]}, ("low", "unknown")),
        ({"medicine": "lithium"}, ("lithium",)),
        ({"phosphate-anomaly": True}, True),
        ({"age": {"below": 30}}, Bound("below", 30)),
        ({"pth-multiple": {"outside": [2, 9]}}, Bound("outside", 2, 9)),
        ({"dialysis-years": "unknown"}, None),
        ({"dialysis-years": {"at-least": 5}}, Bound("at-least", 5)),
        ({"high-calcium": {"days-apart": 14}}, 14),
        ({"lab": {"id": "bicarbonate", "above": 29, "days": 90}}, LabBound("bicarbonate", above=29, days=90)),
        ({"lab": {"id": "vitamin-d-25oh", "from": 250}}, LabBound("vitamin-d-25oh", from_=250)),
        ({"lab-status": {"id": "pthrp", "is": "high"}}, LabBound("pthrp", status=("high",))),
    ],
)
def test_an_answer_that_counts(written: dict[str, Any], argument: object) -> None:
    criterion = parse(written)
    assert criterion.argument == argument
    assert parse(criterion) is criterion


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("calcium", "a criterion is one question, or all, any or not"),
        ({"calcium": "high", "phosphate": "high"}, "a criterion is one question"),
        ({"all": []}, "'all' takes a list of criteria"),
        ({"any": {"calcium": "high"}}, "'any' takes a list of criteria"),
        ({"calcum": "high"}, "'calcum' is not a question; did you mean 'calcium'?"),
        ({"xyz": "high"}, "'xyz' is not a question"),
        ({"not": {"calcum": "high"}}, "did you mean 'calcium'?"),
        ({"any": [{"all": [{"phosphat": "high"}]}]}, "did you mean 'phosphate'?"),
        ({"calcium": "hihg"}, "'hihg' is not one of high, normal, low, unreliable, unknown; did you mean 'high'?"),
        ({"calcium": "zzz"}, "'zzz' is not one of high, normal, low, unreliable, unknown"),
        ({"calcium": []}, "write a name, or a list of names"),
        ({"calcium": [1]}, "write a name, or a list of names"),
        ({"phosphate-anomaly": "yes"}, "write true or false"),
        ({"age": 30}, "write one of below, at-least, above with a number"),
        ({"age": {"over": 30}}, "write one of below, at-least, above with a number"),
        ({"pth-multiple": {"outside": 2}}, "write {outside: [from, to]}"),
        ({"high-calcium": 14}, "write {days-apart: 14}"),
        ({"lab": {"above": 29}}, "write {id: …} with above or below or from"),
        ({"lab": {"id": "alp", "over": 29}}, "write {id: …} with above or below or from"),
        ({"lab": {"id": "alp"}}, "say what is asked: above or below or from"),
        ({"lab-status": {"id": "alp"}}, "say what is asked: is"),
    ],
)
def test_what_is_refused(written: object, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse(written)


@pytest.mark.parametrize(
    ("bound", "holds", "misses"),
    [
        (Bound("above", 2), 2.1, 2.0),
        (Bound("below", 30), 29.9, 30.0),
        (Bound("at-least", 5), 5.0, 4.9),
        (Bound("outside", 2, 9), 9.1, 9.0),
        (Bound("outside", 2, 9), 1.9, 2.0),
    ],
)
def test_bounds(bound: Bound, holds: float, misses: float) -> None:
    assert bound.holds(holds)
    assert not bound.holds(misses)


def test_read_aloud() -> None:
    criterion = parse(
        {
            "all": [
                {"calcium": ["high", "normal"]},
                {"not": {"any": [{"lab": {"id": "alp", "above": 2}}, {"age": {"below": 30}}]}},
            ]
        }
    )
    names = Knowledge.load([folder("rules")]).names
    assert (
        criterion.words("en", names)
        == "(calcium is high or normal and not: (Alkaline phosphatase above 2 U/L or age below 30 years))"
    )
    assert criterion.words("fr", names) == (
        "(calcémie : élevée ou normale et non : (Phosphatases alcalines au-dessus de 2 U/L ou âge au-dessous de 30 ans))"
    )
    assert [leaf.kind for leaf in criterion.leaves()] == ["calcium", "lab", "age"]


def test_every_word_is_documented_in_both_languages() -> None:
    for name, word in VOCABULARY.items():
        assert word.means.endswith("."), name
        assert word.says.en.count("{}") == word.says.fr.count("{}") == 1, name


def test_the_criteria_of_a_cause_by_name() -> None:
    knowledge = Knowledge.load([folder("rules")])
    by_name = {rule.id: dict(rule.criteria()) for rule in knowledge.metabolic.causes}
    assert list(by_name["MET-CKD"]) == ["none-when", "possible-at-most-when", "confirmed", "probable", "possible"]
    assert list(by_name["D-13"]) == ["possible"]
    assert all(isinstance(each, Criterion) for named in by_name.values() for each in named.values())
