"""What explains a sign better than the veins do (CVI-1b; other causes of a leg ulcer)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cds.reasoning.conclusions import Evidence
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.porter import Competing
from cds.reasoning.laboratory import below
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.recognition import recognise, recognition_row
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days
from cds.reasoning.venous.words import Words

__all__ = ["Explanation", "explanations"]


class Explanation(NamedTuple):
    """One such cause in this chart."""

    cause: Competing
    sides: frozenset[str]
    """Empty: not a matter of sides, or side not recorded."""
    evidence: Evidence


def explanations(facts: Facts, causes: Iterable[Competing]) -> Iterator[Explanation]:
    """Those of `causes` that the chart records as present."""
    for cause in causes:
        if cause.concept:
            yield from _by_concept(facts, cause)
        elif cause.lab:
            measured = facts(usable_results).numeric(cause.lab)
            if measured is not None and below(measured, cause.below):
                yield Explanation(cause, frozenset(), facts(usable_results).evidence(measured, cause.term))
        else:
            for medicine in medicines_taken(facts, cause.medicine):
                yield Explanation(cause, frozenset(), medicine_row(medicine)._replace(label=cause.term))


def _by_concept(facts: Facts, cause: Competing) -> Iterator[Explanation]:
    for each in facts(recognise).active(cause.concept):
        if cause.never_with and cause.never_with in Words(facts, each).terms:
            continue
        if cause.within is not None and each.when is not None and age_days(facts.now, each.when) > cause.within:
            continue
        if cause.same_side and each.site.regions and facts.language.sites.within(each.site, cause.area) is False:
            continue
        yield Explanation(cause, each.site.sides if cause.same_side else frozenset(), recognition_row(each))
