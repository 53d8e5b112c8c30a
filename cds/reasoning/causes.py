"""The cards of causes: each metabolic cause from level probable on, the association of dialysis, and DYS-4."""

from __future__ import annotations

from collections.abc import Iterator

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.calcium import assess_calcium
from cds.reasoning.conclusions import Cause, Certainty, Conclusion, Text
from cds.reasoning.dystrophic import assess_dystrophic
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.metabolic import CauseRule
from cds.reasoning.metabolic import cause_rows, confounders, reached
from cds.reasoning.questions import ask
from cds.reasoning.results import usable_results
from cds.reasoning.workup import Wanted

__all__ = ["cause_conclusions"]


def cause_conclusions(facts: Facts) -> Iterator[Wanted]:
    """Every cause that has a card and reaches probable."""
    chapter = facts.knowledge.metabolic
    for rule, cause in (*reached(facts, chapter.causes_by_id), *reached(facts, chapter.associations_by_id)):
        if rule.card is None or cause.level not in ("confirmed", "probable"):
            continue
        if rule.card.when is None or ask(rule.card.when, facts).truth:
            yield Wanted(_cause(facts, rule, cause, cause.level))
    if facts(assess_dystrophic).iatrogenic is not None:
        yield Wanted(_iatrogenic(facts))


def _cause(facts: Facts, rule: CauseRule, cause: Cause, level: Certainty) -> Conclusion:
    assert rule.card is not None
    rows = (*cause_rows(rule, facts), *cause.evidence)
    notes = [note.text for note in rule.notes if ask(note.when, facts).truth]
    if facts(assess_calcium).status == "high":
        also = confounders(facts)
        notes += [also] if also is not None else []
    return Conclusion(
        rule.card.id,
        rule.id,
        certainty=level,
        values=_values(facts, rule),
        evidence=tuple(dict.fromkeys(rows)),
        notes=tuple(notes),
        sources=rule.source.tags,
        decisions=rule.decisions,
    )


def _values(facts: Facts, rule: CauseRule) -> dict[str, Text]:
    """What fills the summary: the 25-OH vitamin D of C-VITD, at most four characters, else ">400", which is true too."""
    if rule.id != "MET-VITD":
        return {}
    found = facts(usable_results).numeric("vitamin-d-25oh")
    if found is None or found.value is None:
        return {}
    words = f"{found.comparator[:1]}{found.value:.0f}"
    words = words if len(words) <= _LONGEST else ">400"
    return {"value": Text(words, words)}


_LONGEST = 4
"""Characters of {value} (section 12)."""


def _iatrogenic(facts: Facts) -> Conclusion:
    rules = facts.knowledge.dystrophic.infusion
    cause = facts(assess_dystrophic).iatrogenic
    assert cause is not None
    rows = (*cause.evidence, *map(calcification_row, facts(recorded_calcifications)))
    return Conclusion(
        rules.card, "DYS-4", certainty="probable", evidence=tuple(dict.fromkeys(rows)), sources=rules.tags
    )
