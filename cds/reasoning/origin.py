"""Where the patient comes from, and which calcified parasites are plausible there (DDX-1)."""

from __future__ import annotations

from typing import NamedTuple

from cds.reasoning.conclusions import Text
from cds.reasoning.facts import Facts

__all__ = ["Parasites", "plausible_parasites"]


class Parasites(NamedTuple):
    """The parasites of FRM-8 that the countries of the record leave."""

    concepts: tuple[str, ...]
    chosen_by: tuple[Text, ...]
    """The countries that they were chosen by; empty when all are plausible."""


def plausible_parasites(facts: Facts) -> Parasites:
    """All, unless the site says where a parasite occurs and every country of the record is known.

    A country that cannot be read excludes nothing.
    """
    rules, known = facts.knowledge.forms.parasites, facts.knowledge.countries
    codes = {known.code(each) for each in facts.chart.patient.countries}
    left = tuple(each for each in rules.concepts if not rules.countries.get(each) or codes & {*rules.countries[each]})
    if not codes or None in codes or left == rules.concepts:
        return Parasites(rules.concepts, ())
    return Parasites(left, tuple(each.term for each in known.countries if each.id in codes))
