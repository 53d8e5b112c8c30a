"""Metabolic causes: which level each one reaches, and the highest of all (section 3, `met` of CLS-1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from cds.reasoning.calcium import assess_calcium, calcium_rows
from cds.reasoning.conclusions import Cause, Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.metabolic import CauseRule
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.minerals import assess_anomaly, assess_phosphate, assess_pth
from cds.reasoning.questions import ask
from cds.reasoning.recognition import recognise, recognition_row
from cds.reasoning.results import usable_results
from cds.reasoning.time import years_since

__all__ = ["Level", "Metabolic", "assess_metabolic", "cause_rows", "confounders", "reached"]

Level = Literal["confirmed", "probable", "possible", "none"]
_HEIGHT: dict[Level, int] = {"none": 0, "possible": 1, "probable": 2, "confirmed": 3}


class Metabolic(NamedTuple):
    """What section 3 finds."""

    level: Level
    """`met` of CLS-1."""
    causes: tuple[Cause, ...]
    """Causes and associations that reach a level, highest first."""
    reasons: tuple[Text, ...]
    """Why `met` is what it is where no cause says so: an anomaly without a cause, a doubtful calcium, history."""
    evidence: tuple[Evidence, ...]
    decisions: tuple[str, ...]

    def cause(self, rule: str) -> Cause | None:
        """The cause `rule`, if it reaches a level."""
        return next((each for each in self.causes if each.id == rule), None)


def assess_metabolic(facts: Facts) -> Metabolic:
    """Every cause, then what makes a disorder probable or possible without one."""
    chapter = facts.knowledge.metabolic
    causes: list[Cause] = []
    decisions: list[str] = []
    level: Level = "none"
    for rule in chapter.causes:
        reached, evidence = cause_level(rule, facts)
        if reached != "none":
            causes.append(Cause(rule.id, reached, rule.term, "metabolic", evidence))
            decisions += rule.decisions
            level = max(level, reached, key=_HEIGHT.__getitem__)
    associations: list[Cause] = []
    for rule in chapter.associations:
        reached, evidence = cause_level(rule, facts)
        if reached != "none":
            associations.append(Cause(rule.id, reached, rule.term, "metabolic", evidence))
    reasons, evidence, more, least = _without_cause(facts, level)
    causes.sort(key=lambda cause: -_HEIGHT[cause.level])  # type: ignore[index]
    return Metabolic(
        max(level, least, key=_HEIGHT.__getitem__),
        (*causes, *associations),
        reasons,
        evidence,
        tuple(dict.fromkeys((*decisions, *more))),
    )


def reached(facts: Facts, rules: Mapping[str, CauseRule]) -> list[tuple[CauseRule, Cause]]:
    """Those of `rules` whose cause reaches a level, with that cause."""
    causes = {cause.id: cause for cause in facts(assess_metabolic).causes}
    return [(rule, causes[name]) for name, rule in rules.items() if name in causes]


def cause_level(rule: CauseRule, facts: Facts) -> tuple[Level, tuple[Evidence, ...]]:
    """The level that a cause reaches, and on which data."""
    never = rule.none_when
    if never is not None and ask(never, facts).truth:
        return "none", ()
    for level, criterion in rule.levels:
        answer = ask(criterion, facts)
        if answer.truth:
            capped = rule.possible_at_most_when is not None and ask(rule.possible_at_most_when, facts).truth
            return "possible" if capped else level, tuple(dict.fromkeys(answer.evidence))
    return "none", ()


_ANOMALY = Text(
    "A calcium-phosphate disorder is measured; no cause of the list explains it yet.",
    "Une anomalie phosphocalcique est mesurée ; aucune cause de la liste ne l'explique encore.",
)
_UNVERIFIED = Text(
    "A high calcium is not verified: repeat it, with ionised calcium.",
    "Une calcémie élevée n'est pas vérifiée : la recontrôler, avec le calcium ionisé.",
)
_UNRELIABLE = Text(
    "The total calcium cannot be relied on: measure ionised calcium.",
    "La calcémie totale n'est pas fiable : doser le calcium ionisé.",
)
_LOW = Text(
    "Calcium is low without a high phosphate.",
    "La calcémie est basse sans hyperphosphatémie.",
)
_PHOSPHATE = Text(
    "One phosphate is slightly high: repeat it before it counts.",
    "Une phosphatémie est discrètement élevée : la recontrôler avant de conclure.",
)
_PAST_HIGH = Text(
    "Calcium was high in the past (history).",
    "La calcémie a été élevée dans le passé (antécédent).",
)


def _without_cause(facts: Facts, level: Level) -> tuple[tuple[Text, ...], tuple[Evidence, ...], tuple[str, ...], Level]:
    """What makes `met` probable (an anomaly) or possible (doubt, history) although no cause does (CLS-1)."""
    reasons: list[Text] = []
    evidence: list[Evidence] = []
    decisions: list[str] = []
    least: Level = "none"
    if facts(assess_anomaly).present:
        evidence += facts(assess_anomaly).evidence
        if _HEIGHT[level] < _HEIGHT["probable"]:
            reasons.append(_ANOMALY)
        least = "probable"
    calcium, phosphate = facts(assess_calcium), facts(assess_phosphate)
    doubts: list[Text] = []
    if calcium.hypercalcaemia == "unverified":
        doubts.append(_UNVERIFIED)
    elif calcium.status == "unreliable":
        doubts.append(_UNRELIABLE)
    elif calcium.status == "low" and phosphate.status != "high":
        doubts.append(_LOW)
    if phosphate.status == "high" and not phosphate.anomaly:
        doubts.append(_PHOSPHATE)
        evidence += facts(usable_results).rows((phosphate.measurement,))
    if calcium.hypercalcaemia == "history":
        doubts.append(_PAST_HIGH)
        evidence += facts(usable_results).rows(each.measurement for each in calcium.history[:2])
        decisions.append("D-15")
    past = _past_causes(facts)
    if past:
        doubts.append(facts.knowledge.metabolic.history.term)
        evidence += past
        decisions.append("D-15")
    if doubts and least == "none":
        least = "possible"
    return (*reasons, *doubts), tuple(dict.fromkeys(evidence)), tuple(decisions), least


def _past_causes(facts: Facts) -> tuple[Evidence, ...]:
    """D-15: metabolic causes that resolved, or were cured, within ten years; without a date nobody knows that it was
    longer ago."""
    rules = facts.knowledge.metabolic.history
    found = []
    for each in facts(recognise).past(*rules.concepts):
        ended = getattr(each.datum, "abated", None)
        if each.weight == "strong" and (ended is None or years_since(facts.now, ended) <= rules.years):
            found.append(recognition_row(each))
    for each in facts(recognise).active(*rules.cures):
        if each.weight == "strong" and (each.when is None or years_since(facts.now, each.when) <= rules.years):
            found.append(recognition_row(each))
    return tuple(found)


def cause_rows(rule: CauseRule, facts: Facts) -> tuple[Evidence, ...]:
    """The rows that a cause's card shows besides what its criterion rests on."""
    rows: list[Evidence] = []
    for name in rule.shows:
        if name == "calcium-chosen":
            rows += facts(calcium_rows)
        elif name == "pth-paired":
            rows += facts(usable_results).rows((facts(assess_pth).pair or facts(assess_pth).measurement,))
        elif name == "medicines":
            classes = rule.medicines or ("calcium-salts", "absorbable-alkali-antacids")
            rows += [medicine_row(each) for each in medicines_taken(facts, *classes)]
        else:
            rows += facts(usable_results).rows((facts(usable_results).latest(name),))
    return tuple(rows)


def confounders(facts: Facts) -> Text | None:
    """The confounders of a high calcium that this chart names, as one sentence; None when there is none."""
    found = [each.text for each in facts.knowledge.metabolic.confounders if ask(each.criterion, facts).truth]
    if not found:
        return None
    return Text(
        "Also recorded, and able to raise calcium: " + ", ".join(each.en for each in found) + ".",
        "Également noté, pouvant élever la calcémie : " + ", ".join(each.fr for each in found) + ".",
    )
