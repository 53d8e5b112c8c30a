"""CLS-1: metastatic, dystrophic, mixed or indeterminate, and which way an indeterminate one leans."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cds.reasoning.calcifications import calcification_row
from cds.reasoning.calcium import calcium_rows, product
from cds.reasoning.conclusions import Certainty, Classification, Conclusion, Evidence, Gap, Lean, Text, Value
from cds.reasoning.metabolic import confounders
from cds.reasoning.workup import Wanted, missing_panel

if TYPE_CHECKING:
    from cds.reasoning.facts import Facts

__all__ = ["Classified", "class_conclusion", "classify"]

UNSEEN_MATTERS = ("conditions", "laboratory", "medications", "procedures", "reports")
"""Kinds of data in which a metabolic or local cause may hide (R5: not seen is not "none")."""


class Classified(NamedTuple):
    """The class of D-1."""

    classification: Classification
    lean: Lean | None
    reason: str
    """"RED-1" where the type is withheld."""
    capped: bool
    unseen: tuple[str, ...]
    decisions: tuple[str, ...]


def classify(facts: Facts) -> Classified:
    """The first row of the decision list that holds, capped where it rests on old or incomplete data."""
    chapter = facts.knowledge.classification
    row = next(row for row in chapter.rows if row.when.ask(facts).truth)
    unseen = tuple(kind for kind in UNSEEN_MATTERS if not facts.chart.complete(kind))
    found = row.class_
    rests_on_recent = any(
        each is not None and facts.laboratory.is_recent(each)
        for each in (facts.calcium.sample.measurement if facts.calcium.sample else None, facts.phosphate.measurement)
    )
    capped = found in chapter.capped and (rests_on_recent or bool(unseen))
    if capped:
        found = chapter.capped[found]
    lean = _lean(facts, row.reason) if found == "INDETERMINATE" else None
    return Classified(found, lean, row.reason, capped, unseen, row.decisions)


def _lean(facts: Facts, reason: str) -> Lean:
    met, dys = facts.metabolic.level, facts.dystrophic.weight
    if reason:
        return "none"
    if dys == "strong" and met == "none":
        return "dystrophic"
    return "metastatic" if met == "possible" and dys != "strong" else "none"


def class_conclusion(facts: Facts) -> Wanted | None:
    """The class card; None where no calcification is recorded."""
    found = facts.classified
    chapter = facts.knowledge.classification
    entry = chapter.cards.get(found.classification)
    if entry is None:
        return None
    withheld = found.classification == "INDETERMINATE" and bool(found.reason)
    certainty: Certainty = entry.certainty
    if found.classification == "MIXED" and facts.metabolic.level == "confirmed":
        certainty = "confirmed"
    decisions = (*found.decisions, *facts.metabolic.decisions, *(("D-20",) if facts.red_flag.open else ()))
    conclusion = Conclusion(
        card=entry.card,
        rule=chapter.id,
        variant=chapter.red_flag_variant if withheld else entry.variant,
        certainty=certainty,
        evidence=_evidence(facts),
        gaps=_gaps(facts),
        notes=_notes(facts),
        sources=chapter.sources,
        decisions=tuple(dict.fromkeys(decisions)),
        proposals=(),
    )
    return Wanted(
        conclusion,
        tuple(_asks(facts)),
        first=("creatinine",) if facts.red_flag.kidneys_unknown else (),
    )


def _evidence(facts: Facts) -> tuple[Evidence, ...]:
    """What the class rests on: the calcification, the panel, and the causes that count."""
    rows = [calcification_row(each) for each in facts.calcifications]
    rows += calcium_rows(facts.calcium, facts)
    rows += facts.laboratory.rows((facts.phosphate.measurement,))
    rows += facts.kidney.evidence
    rows += facts.laboratory.rows((facts.pth.measurement,))
    found = product(facts)
    if found is not None and found[1]:
        rows.append(Evidence(Text("Calcium x phosphate", "Produit phosphocalcique"), None, Value(found[0], "mmol²/L²")))
    for cause in (*facts.metabolic.causes, *facts.dystrophic.causes):
        rows += cause.evidence
    rows += facts.metabolic.evidence
    return tuple(dict.fromkeys(rows))


_SEEN = {
    "conditions": Text("the problem list", "la liste des problèmes"),
    "laboratory": Text("the laboratory results", "les résultats de laboratoire"),
    "medications": Text("the medicines", "les traitements"),
    "procedures": Text("the procedures", "les actes"),
    "reports": Text("the imaging reports", "les comptes rendus d'imagerie"),
}
_SINGLE = Text("eGFR, reduced once: repeat after 90 days", "DFG abaissé une seule fois : à recontrôler après 90 jours")


def _gaps(facts: Facts) -> tuple[Gap, ...]:
    """What is missing, old, doubtful or unseen, and would change the class."""
    gaps = [Gap("missing", item.text) for item in missing_panel(facts)]
    sample = facts.calcium.sample
    if facts.calcium.hypercalcaemia == "unverified" and sample is not None:
        gaps.append(Gap("unverified", facts.laboratory.label(sample.measurement.lab), (sample.measurement.source,)))
    elif facts.calcium.status == "unreliable" and sample is not None:
        gaps.append(Gap("unreliable", sample.why or facts.laboratory.label(sample.measurement.lab), (sample.measurement.source,)))
    for measurement in (sample.measurement if sample else None, facts.phosphate.measurement):
        if measurement is not None and facts.laboratory.is_recent(measurement):
            gaps.append(Gap("recent", facts.laboratory.label(measurement.lab), (measurement.source,)))
    if facts.phosphate.status == "high" and not facts.phosphate.anomaly and facts.phosphate.measurement is not None:
        gaps.append(Gap("single", facts.laboratory.label("phosphate"), (facts.phosphate.measurement.source,)))
    if facts.kidney.why == "single":
        source = facts.kidney.egfr.measurement.source if facts.kidney.egfr else None
        gaps.append(Gap("single", _SINGLE, (source,) if source else ()))
    for lab in ("calcium-total", "phosphate", "creatinine"):
        old = facts.laboratory.latest(lab, days=100 * 365)
        if old is not None and facts.laboratory.age(old) > 365 and facts.laboratory.latest(lab) is None:
            gaps.append(Gap("stale", facts.laboratory.label(lab), (old.source,)))
    gaps += [Gap("not-seen", _SEEN[kind]) for kind in facts.classified.unseen]
    return (*gaps, *facts.dystrophic.gaps)


def _notes(facts: Facts) -> tuple[Text, ...]:
    """The causes in words, why the type leans as it does, and what besides may raise calcium."""
    notes: list[Text] = []
    metabolic = facts.metabolic.causes
    if metabolic:
        notes.append(
            Text(
                "Metabolic: " + "; ".join(f"{each.term.en} ({each.level})" for each in metabolic) + ".",
                "Métabolique : " + " ; ".join(f"{each.term.fr} ({_LEVELS[each.level]})" for each in metabolic) + ".",
            )
        )
    if facts.dystrophic.causes:
        notes.append(
            Text(
                "Local: " + "; ".join(f"{each.term.en} ({each.level})" for each in facts.dystrophic.causes) + ".",
                "Locale : " + " ; ".join(f"{each.term.fr} ({_LEVELS[each.level]})" for each in facts.dystrophic.causes) + ".",
            )
        )
    notes += facts.metabolic.reasons
    notes += facts.kidney.remarks
    if facts.calcium.status == "high":
        also = confounders(facts)
        if also is not None:
            notes.append(also)
    if any(each.ossification for each in facts.calcifications):
        notes.append(_OSSIFICATION)
    for rule in facts.knowledge.metabolic.causes:
        cause = facts.metabolic.cause(rule.id)
        if cause is not None:
            notes += [note.text for note in rule.notes if note.when.ask(facts).truth]
    if facts.classified.classification == "DYSTROPHIC_UNEXPLAINED":
        notes.append(_IDIOPATHIC)
    return tuple(dict.fromkeys(notes))


_LEVELS = {
    "confirmed": "confirmée",
    "probable": "probable",
    "possible": "possible",
    "strong": "forte",
    "weak": "faible",
}
_OSSIFICATION = Text(
    "The report also speaks of ossification. Imaging must tell trabecular bone from amorphous calcium.",
    "Le compte rendu parle aussi d'ossification. L'imagerie doit distinguer os trabéculaire et calcium amorphe.",
)
_IDIOPATHIC = Text(
    "Authors who keep a separate idiopathic class put such patients there.",
    "Les auteurs qui distinguent une forme idiopathique y classent ces patients.",
)


def _asks(facts: Facts) -> list[str]:
    """What the class card asks for besides its panel (WRK-1 extensions, D-5, DYS-3)."""
    keys: list[str] = []
    if facts.calcium.hypercalcaemia == "verified" and facts.pth.paired == "suppressed":
        keys.append("hypercalcaemia-pth-suppressed")
    for rule in facts.knowledge.metabolic.causes:
        cause = facts.metabolic.cause(rule.id)
        if cause is not None and cause.level == "possible":
            keys += rule.asks
    rules = facts.knowledge.dystrophic.microcrystal
    causes = {each.id for each in facts.dystrophic.causes}
    young = facts.age is not None and facts.age < rules.age_below
    periarticular = any(rules.layer in each.layers for each in facts.calcifications)
    if "haemochromatosis" in causes or (young and (causes & set(rules.causes) or periarticular)):
        keys.append(rules.requests)
    if causes & set(rules.tophus):
        keys.append(rules.tophus_request)
    return keys
