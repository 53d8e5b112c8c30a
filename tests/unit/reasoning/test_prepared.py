"""What is prepared once and asked often says the same as what it was prepared from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cds.reasoning.chart import Ref, Report
from cds.reasoning.facts import Facts
from cds.reasoning.forms import recognised_forms
from cds.reasoning.knowledge.criteria import Criterion, parse
from cds.reasoning.laboratory import newest_first, reported_results
from cds.reasoning.metabolic import assess_metabolic, reached
from cds.reasoning.questions import Answer, ask
from tests.clock import NOW
from tests.rules.charts import facts_of, knowledge, measurement
from tests.unit.reasoning.core import ago, calcinosis, facts, problem


def test_results_of_one_moment_and_one_resource_have_an_order_of_their_own() -> None:
    several = [measurement(1, f"phosphate {value} mmol/L, 5 h", NOW) for value in ("1.2", "1.1", "1.3")]
    assert newest_first(several) == newest_first(several[::-1]) == [several[1], several[0], several[2]]


@pytest.mark.parametrize(("age", "upper"), [(17, False), (18, True), (19, True), (60, True), (None, True)])
def test_the_limits_of_adults_begin_with_the_birthday(age: int | None, upper: bool) -> None:
    results = facts_of({"patient": {"age": age, "sex": "female"}, "labs": ["alp 80 U/L, 0 d"]}, NOW)(reported_results)
    assert (results.upper_limit(results.all("alp")[0]) is not None) is upper


def test_a_question_that_several_rules_ask_is_answered_once(now: datetime) -> None:
    known = facts(now, problems=(problem("sarcoidosis"),))
    first, again = (parse({"any": [{"diagnosis": "sarcoidosis"}, {"age": {"below": 18}}]}) for _ in range(2))
    assert ask(first, known) is ask(again, known)
    assert ask(first, facts(now)).truth is None  # nobody knows the age


def test_a_word_of_one_chapter_is_asked_every_time(now: datetime) -> None:
    """Each draft order gives it another meaning."""
    known, criterion = facts(now), Criterion("not", [Criterion("draft", (), ("calcium-salts",))])

    def meaning(truth: bool) -> dict[str, Any]:
        return {"draft": lambda _facts, _names: Answer(truth)}

    assert [ask(criterion, known, meaning(truth)).truth for truth in (True, False, True)] == [False, True, False]


def test_causes_that_reach_a_level_come_with_their_rules_in_the_order_of_the_chapter(now: datetime) -> None:
    chapter = knowledge().metabolic
    known: Facts = facts(now, problems=(calcinosis(), problem("haemodialysis"), problem("sarcoidosis", number=2)))
    found = (*reached(known, chapter.causes_by_id), *reached(known, chapter.associations_by_id))
    rules = [rule.id for rule in (*chapter.causes, *chapter.associations)]
    assert found
    assert {cause for _, cause in found} == set(known(assess_metabolic).causes)
    assert [rule.id for rule, _ in found] == sorted((cause.id for _, cause in found), key=rules.index)


def test_the_words_of_a_form_count_only_where_the_calcification_is_said(now: datetime) -> None:
    calcified = "Calcifications sous-cutanées du coude"

    def forms(*texts: str) -> list[str]:
        reports = tuple(
            Report(Ref("DiagnosticReport", str(number)), (), ("Imaging",), (text,), ago(now, 5))
            for number, text in enumerate(texts)
        )
        return [each.id for each in facts(now, reports=reports)(recognised_forms)]

    assert forms(f"{calcified}, nodulaires.") == ["calcinosis-circumscripta"]
    assert forms(f"{calcified}.", "Aspect nodulaire de la thyroïde.") == []


def test_a_chapter_names_its_rules_as_it_lists_them() -> None:
    chapter, flag = knowledge().dystrophic, knowledge().redflag
    assert list(chapter.by_concept.values()) == list(chapter.causes)
    assert chapter.broader
    assert all(chapter.by_concept[concept].part_of == broader for concept, broader in chapter.broader.items())
    assert {*flag.skin_evidence.concepts, *flag.weak_evidence.words} < set(flag.skin)
    workup = knowledge().workup
    assert all(workup.of(name) == (item,) for name, item in workup.by_id.items())
    assert all([each.id for each in workup.of(group.id)] == list(group.items) for group in workup.groups)
