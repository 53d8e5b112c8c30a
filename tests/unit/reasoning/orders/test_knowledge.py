"""rules/orders.yaml: what a site may change in it, and mistakes that are reported where they stand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from cds import data
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.knowledge.reading import Mistakes
from cds.reasoning.orders.evaluate import evaluate_orders
from tests.unit.reasoning.orders.cases import cases, facts_of, given

CASES = dict(cases())
RULES = data.folder("rules")


def laid_over(folder: Path, words: str, chapter: str = "orders") -> Knowledge:
    (folder / f"{chapter}.yaml").write_text(words, encoding="utf-8")
    return Knowledge.load([RULES, folder])


def gives(identifier: str, now: datetime, knowledge: Knowledge) -> set[str]:
    return set(given(evaluate_orders(facts_of(CASES[identifier], now, knowledge)).conclusions))


LABEL = "ORD-1 Calcium salts: e. calcification, calcium normal"
PHOSPHATE = "ORD-10 Duplicates: phosphate of 48 h ago"


def test_every_test_that_is_not_repeated_has_a_short_name() -> None:
    knowledge = Knowledge.load([RULES])
    rules, names = knowledge.orders.duplicates, knowledge.cards.placeholder("test")
    wanted = {tests[0] for interval in rules.intervals for tests in interval.tests} | set(rules.imaging.classes)
    assert {each.id for each in names.values} == wanted
    assert all(len(names.worst(language)) <= 40 for language in ("en", "fr"))


def test_french_labels_count_in_france(tmp_path: Path, now: datetime) -> None:
    assert gives(LABEL, now, Knowledge.load([RULES])) == {"C-ORD-CA e"}
    assert gives(LABEL, now, laid_over(tmp_path, "site: {label-country: BE}")) == set()


def test_a_site_may_change_an_interval(tmp_path: Path, now: datetime) -> None:
    knowledge = laid_over(tmp_path, "duplicates: {intervals: [{id: minerals, hours: 24}]}")
    assert gives(PHOSPHATE, now, Knowledge.load([RULES])) == {"C-ORD-DUP"}
    assert gives(PHOSPHATE, now, knowledge) == set()


@pytest.mark.parametrize(("identifier", "rule"), [(LABEL, "ORD-1")])
def test_a_site_may_switch_a_rule_off(tmp_path: Path, now: datetime, identifier: str, rule: str) -> None:
    assert gives(identifier, now, laid_over(tmp_path, f"rules: [{{id: {rule}, off: true}}]")) == set()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("site: {label-country: France}", "label-country"),
        ("site: {label-land: FR}", "did you mean 'label-country'?"),
        ("not-judged: nothing", "'nothing' is no class of orders"),
        ("rules: [{id: ORD-1, classes: [calcum]}]", "'calcum' is no class of orders"),
        ("rules: [{id: ORD-6, rows: [{variant: a}]}]", "a row needs `when` or `because`"),
        ("rules: [{id: ORD-6, rows: [{silent: true, remove: true, when: {draft: parenteral}}]}]", "says nothing else"),
        ("rules: [{id: ORD-6, rows: [{variant: a, when: {draft: parentral}}]}]", "'parentral' is no class of orders"),
        ("rules: [{id: ORD-6, rows: [{variant: a, when: {calcium-now: hihg}}]}]", "did you mean 'high'?"),
        ("rules: [{id: ORD-6, rows: [{variant: a, when: {calcium-under: {total: 1}}}]}]", "a number for each of total"),
        ("rules: [{id: ORD-6, rows: [{variant: a, when: {measured: {id: ace}}}]}]", "write {id: …, days: …}"),
        ("rules: [{id: ORD-6, rows: [{variant: a, when: {calcium-high-since: two}}]}]", "write a number of days"),
        ("rules: [{id: ORD-6, rows: [{variant: a, when: {accepted: sarcoidossis}}]}]", "did you mean 'sarcoidosis'?"),
        ("rules: [{id: ORD-6, card: C-ORD-VKX}]", "did you mean 'C-ORD-VKA'?"),
        ("rules: [{id: ORD-1, rows: [{variant: a, when: {draft: parenteral}, requests: [calcium-ionized]}]}]",
         "did you mean 'calcium-ionised'?"),
        ("rules: [{id: ORD-6, rows: [{variant: x, when: {draft: parenteral}}]}]", "'x' is no variant of a card of orders"),
        ("rules: [{id: ORD-7, rows: [{variant: a, because: [{reason: indx, when: {draft: compression}}]}]}]",
         "did you mean 'index'?"),
        ("duplicates: {intervals: [{id: pth, tests: [[bicarbonate]]}]}", "'bicarbonate' is no value of the placeholder test"),
        ("duplicates: {intervals: [{id: pth, tests: [[pth-intac]]}]}", "did you mean 'pth-intact'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_where_it_stands(tmp_path: Path, words: str, message: str) -> None:
    with pytest.raises(Mistakes) as raised:
        laid_over(tmp_path, words)
    assert message in str(raised.value)
    assert "orders.yaml:" in str(raised.value)


def test_every_value_set_and_cause_that_the_rules_name_exists() -> None:
    knowledge = Knowledge.load([RULES])
    value_sets = {file.stem for file in (data.folder("profiles") / "valuesets").glob("*.json")}
    named = {name for each in knowledge.orders.classes for name in (*each.codes, *each.not_codes)}
    assert named <= value_sets
    assert {each for each in value_sets if each.startswith("order-")} <= named
    causes = {rule.id for rule in knowledge.metabolic.causes}
    asked = {
        name
        for criterion in knowledge.orders.criteria()
        for leaf in criterion.leaves()
        if leaf.kind == "cause"
        for name in leaf.argument
    }
    assert asked
    assert asked <= causes
