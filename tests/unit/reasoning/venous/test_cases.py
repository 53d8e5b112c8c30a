"""The cases of tests/rules/porter, which a doctor can read, from a chart to the C-CVI cards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from cds.data import folder
from cds.reasoning.conclusions import Conclusion, Text
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.redflag import RedFlag, assess_red_flag
from cds.reasoning.venous import attribution, conclusions, staging, withheld
from cds.reasoning.workup import Wanted, requested
from tests.unit.reasoning.venous.charts import CASES, Case, chart_of


@cache
def knowledge() -> Knowledge:
    return Knowledge.load([folder("rules")])


def facts_of(case: Case, now: datetime) -> Facts:
    """The facts of a case; RED-1 and dialysis are not the business of this chapter and are set where a case says so."""
    known: dict[Callable[[Facts], Any], Any] = {assess_red_flag: RedFlag(case.get("red-flag", "none"))}
    chart = chart_of(case, now)
    if case.get("dialysis"):
        kidney = Facts(chart, now, knowledge())(assess_kidney)
        known[assess_kidney] = kidney._replace(category="G5D", dialysis=True)
    return Facts(chart, now, knowledge(), known)


def concluded(case: Case, facts: Facts) -> tuple[Wanted, ...]:
    return conclusions(
        facts,
        facts(staging),
        metabolic_level=case.get("metabolic", "none"),
        other_strong_local_cause=case.get("other-strong-local-cause", False),
    )


def words(conclusion: Conclusion, language: str) -> str:
    texts = [*conclusion.notes, *(gap.what for gap in conclusion.gaps)]
    return "\n".join(each.in_(language) for each in texts)


@pytest.mark.parametrize("name", CASES)
def test_finds_what_is_expected(name: str, now: datetime) -> None:
    case = CASES[name]
    expected: dict[str, Any] = case["expected"]
    facts = facts_of(case, now)
    stage = facts(staging).stage
    found = concluded(case, facts)
    trace = [(each.sign.id, each.sign.span, each.uncounted) for each in facts(staging).legs.readings]
    assert (None if stage is None else [stage.min, stage.max]) == expected["porter"], trace
    assert sorted(each.conclusion.card for each in found) == sorted(expected["cards"]), trace
    if stage is not None:
        assert stage.ceap == expected["ceap"]
        assert len(stage.ceap) <= 14
        assert stage.provisional == expected.get("provisional", stage.provisional)
        assert len(stage.questions) == expected.get("asks", len(stage.questions))
    if "attribution" in expected:
        assert attribution(facts, facts(staging)) == expected["attribution"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "says" in case["expected"]])
def test_says_it(name: str, now: datetime) -> None:
    case = CASES[name]
    said = "\n".join(words(each.conclusion, "en") for each in concluded(case, facts_of(case, now)))
    assert case["expected"]["says"] in said


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "wants" in case["expected"]])
def test_asks_for_it(name: str, now: datetime) -> None:
    case = CASES[name]
    wanted = [each for each in concluded(case, facts_of(case, now)) if each.keys]
    assert [list(each.keys) for each in wanted] == [case["expected"]["wants"]]
    for each in wanted:
        for key in each.keys:
            assert knowledge().workup.of(key)


def test_what_is_done_is_not_asked_for_again(now: datetime) -> None:
    case = CASES["P-168"]
    facts = facts_of(case, now)
    (ulcer,) = (each for each in concluded(case, facts) if each.conclusion.card == "C-CVI-ULCER")
    assert ulcer.done == ("leg-radiograph", "venous-duplex-leg")
    asked = [each.key for each in requested(facts, ulcer).requests]
    assert asked[:2] == ["ankle-brachial-index", "referral-dermatology"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "shown" in case["expected"]])
def test_the_red_flag_withholds(name: str, now: datetime) -> None:
    case = CASES[name]
    facts = facts_of(case, now)
    found = concluded(case, facts)
    kept, held = withheld(facts, found)
    assert [each.conclusion.card for each in kept] == case["expected"]["shown"]
    assert set(held) == {each.conclusion.card for each in found} - set(case["expected"]["shown"])
    assert set(held.values()) <= {"RED-1"}


@pytest.mark.parametrize("name", CASES)
def test_every_sentence_exists_in_both_languages(name: str, now: datetime) -> None:
    case = CASES[name]
    for wanted in concluded(case, facts_of(case, now)):
        texts: list[Text] = [*wanted.conclusion.notes, *(gap.what for gap in wanted.conclusion.gaps)]
        for each in texts:
            assert each.en
            assert each.fr
            assert each.en != each.fr
            assert "{" not in each.en + each.fr
