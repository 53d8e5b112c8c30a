"""ORD-1 to ORD-9 for one draft order: of each rule the first row that applies, of the rules the most urgent one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cds.reasoning.chart import Draft
from cds.reasoning.conclusions import Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.orders import OrderRule, Row, Want
from cds.reasoning.orders.meanings import meanings_for
from cds.reasoning.questions import Meaning, ask

__all__ = ["URGENCY", "Fired", "hazard"]

URGENCY = {"critical": 0, "warning": 1, "info": 2}


class Fired(NamedTuple):
    """A row that applies to a draft."""

    draft: Draft
    classes: frozenset[str]
    rule: OrderRule
    place: int
    """Of the rule in rules/orders.yaml."""
    row: Row
    reason: str
    """Value of {reason}: the first condition of the row that holds; "" where it has none."""
    evidence: tuple[Evidence, ...]
    wants: tuple[Want, ...]
    notes: tuple[Text, ...]
    remove: bool

    @property
    def rank(self) -> tuple[int, int]:
        """Which row of a rule is told first: that of the earlier variant."""
        return self.place, [row.variant for row in self.rule.rows].index(self.row.variant)


def hazard(facts: Facts, draft: Draft, classes: frozenset[str]) -> Fired | None:
    """The one card that the draft gives (ORD-0c): the higher indicator, then the lower rule number."""
    cards = facts.knowledge.cards
    fired = [each for each in _fired(facts, draft, classes) if each.rule.card in cards.by_id]

    def order(each: Fired) -> tuple[int, int]:
        card = cards[each.rule.card]
        return URGENCY[card.variant(each.row.variant).indicator or card.indicator], each.place

    return min(fired, key=order, default=None)


def _fired(facts: Facts, draft: Draft, classes: frozenset[str]) -> Iterator[Fired]:
    before: dict[str, str] = {}
    meanings: Mapping[str, Meaning] | None = None
    for place, rule in enumerate(facts.knowledge.orders.rules):
        if classes.isdisjoint(rule.classes):
            continue
        meanings = meanings or meanings_for(draft, classes)
        found = _first(facts, rule, meanings, before)
        if found is None:
            continue
        row, reason, evidence = found
        before[rule.id] = row.variant
        keep = rule.keep_when is not None and ask(rule.keep_when, facts, meanings).truth
        yield Fired(
            draft,
            classes,
            rule,
            place,
            row,
            reason,
            evidence,
            tuple(w for w in row.requests if w.when is None or ask(w.when, facts, meanings).truth),
            tuple(note.text for note in rule.notes if ask(note.when, facts, meanings).truth),
            row.remove and not keep,
        )


def _first(
    facts: Facts, rule: OrderRule, meanings: Mapping[str, Meaning], before: Mapping[str, str]
) -> tuple[Row, str, tuple[Evidence, ...]] | None:
    """The first row that applies, with its reason and evidence; None where it is silent, or none applies."""
    for row in rule.rows:
        if row.country not in ("", facts.knowledge.orders.site.label_country):
            continue
        if any(before.get(name) in variants for name, variants in row.not_after.items()):
            continue
        found = _applies(facts, row, meanings)
        if found is not None:
            return None if row.silent else (row, *found)
    return None


def _applies(facts: Facts, row: Row, meanings: Mapping[str, Meaning]) -> tuple[str, tuple[Evidence, ...]] | None:
    """The reason and the evidence of a row, None where it does not apply."""
    if row.unless is not None and ask(row.unless, facts, meanings).truth:
        return None
    evidence: tuple[Evidence, ...] = ()
    if row.when is not None:
        answer = ask(row.when, facts, meanings)
        if not answer.truth:
            return None
        evidence = answer.evidence
    answers = [(each.reason, ask(each.when, facts, meanings)) for each in row.because]
    holding = [(reason, answer) for reason, answer in answers if answer.truth]
    if row.because and not holding:
        return None
    for _, answer in holding:
        evidence += answer.evidence
    return holding[0][0] if holding else "", tuple(dict.fromkeys(evidence))
