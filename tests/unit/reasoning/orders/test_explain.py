"""What `cds explain` says of draft orders: a card that is shown is explained by its data, a silence by its conditions."""

from __future__ import annotations

import pytest

from cds.reasoning.explain import explain
from cds.reasoning.facts import Facts
from cds.reasoning.orders.evaluate import evaluate_orders
from cds.reasoning.orders.explain import explain_orders
from tests.clock import NOW
from tests.unit.reasoning.orders.cases import cases, facts_of

CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_every_rule_says_whether_it_fired(name: str) -> None:
    facts: Facts = facts_of(CASES[name], NOW)
    shown = {conclusion.card: conclusion for conclusion in evaluate_orders(facts).conclusions}
    rules = facts.knowledge.orders
    card_of = {rule.id: rule.card for rule in rules.rules} | {rules.duplicates.id: rules.duplicates.card}
    for each in explain_orders(facts):
        conclusion = shown.get(card_of[each.rule])
        assert (each.outcome == "false") is (conclusion is None), each.rule
        if conclusion is not None:
            assert len(each.because) >= len(conclusion.drafts) > 0
        assert all(text.en and text.fr for text in (*each.because, *each.would_change))


def test_a_silent_rule_reads_its_conditions_aloud() -> None:
    silent = next(name for name in CASES if "just missed: 2.60" in name)
    facts = facts_of(CASES[silent], NOW)
    calcium = next(each for each in explain_orders(facts) if each.rule == "ORD-1")
    assert calcium.outcome == "false"
    assert "no condition holds" in calcium.because[0].en
    assert calcium.would_change
    assert (
        next(each for each in explain_orders(facts) if each.rule == "ORD-6").because[0].en.startswith("No draft order")
    )


def test_orders_are_explained_with_everything_else() -> None:
    facts = facts_of(next(iter(CASES.values())), NOW)
    assert {"ORD-1", "ORD-10", "CAL-1"} <= {each.rule for each in explain(facts, orders=True)}
