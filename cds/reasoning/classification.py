"""CLS-1: metastatic, dystrophic, mixed or indeterminate, and which way an indeterminate one leans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.calcium import assess_calcium, calcium_rows
from cds.reasoning.chart import Measurement
from cds.reasoning.conclusions import Cause, Certainty, Classification, Conclusion, Evidence, Gap, Lean, Text, Value
from cds.reasoning.dystrophic import assess_dystrophic
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import RECENT
from cds.reasoning.metabolic import assess_metabolic, confounders, reached
from cds.reasoning.minerals import assess_phosphate, assess_pth, product
from cds.reasoning.questions import MEANINGS, Answer, Meaning, ask
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.results import usable_results
from cds.reasoning.workup import Wanted, missing_panel

__all__ = ["Classified", "class_conclusion", "classify", "panel_complete"]

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
    row = next(row for row in chapter.rows if ask(row.when, facts, _MEANINGS).truth)
    unseen = tuple(kind for kind in UNSEEN_MATTERS if not facts.chart.complete(kind))
    found = row.class_
    # The minerals are asked only where they matter: most charts record no calcification at all.
    capped = found in chapter.capped and (bool(unseen) or _rests_on_recent(facts, found))
    if capped:
        found = chapter.capped[found]
    lean = _lean(facts, row.reason) if found == "INDETERMINATE" else None
    return Classified(found, lean, row.reason, capped, unseen, row.decisions)


def _rests_on_recent(facts: Facts, found: Classification) -> bool:
    """ACC-5. A normal panel rests on both results, a confirmed cause on those that confirm it."""
    recent = {each.source for each in _measured(facts) if facts(usable_results).is_recent(each)}
    if found != "METASTATIC_CONFIRMED":
        return bool(recent)
    confirmed = [each for each in facts(assess_metabolic).causes if each.level == "confirmed"]
    return all(any(row.source in recent for row in each.evidence) for each in confirmed)


def _measured(facts: Facts) -> tuple[Measurement, ...]:
    """The calcium and the phosphate that the class rests on."""
    calcium, phosphate = facts(assess_calcium), facts(assess_phosphate).measurement
    sample = calcium.high or calcium.sample
    return tuple(each for each in (sample.measurement if sample else None, phosphate) if each is not None)


def panel_complete(facts: Facts) -> bool:
    """Calcium, phosphate and kidneys all known, usable and verified."""
    known = {
        "calcium": facts(assess_calcium).settled in ("high", "normal", "low"),
        "phosphate": facts(assess_phosphate).status != "unknown",
        "kidney": facts(assess_kidney).known,
    }
    return all(known[each] for each in facts.knowledge.classification.panel)


def _red_flag(facts: Facts, levels: tuple[str, ...]) -> Answer:
    flag = facts(assess_red_flag)
    return Answer(flag.among(levels), flag.evidence)


_MEANINGS: Mapping[str, Meaning] = {
    **MEANINGS,
    "calcification-recorded": lambda facts, said: Answer(bool(facts(recorded_calcifications)) is ("yes" in said)),
    "red-flag": _red_flag,
    "metabolic": lambda facts, levels: Answer(facts(assess_metabolic).level in levels),
    "dystrophic": lambda facts, weights: Answer(facts(assess_dystrophic).weight in weights),
    "panel": lambda facts, said: Answer(panel_complete(facts) is ("complete" in said)),
}
"""The vocabulary of rules/classification.yaml: what the other chapters concluded can be asked only here."""


def _lean(facts: Facts, reason: str) -> Lean:
    met, dys = facts(assess_metabolic).level, facts(assess_dystrophic).weight
    if reason:
        return "none"
    if dys == "strong" and met == "none":
        return "dystrophic"
    return "metastatic" if met == "possible" and dys != "strong" else "none"


def class_conclusion(facts: Facts) -> Wanted | None:
    """The class card; None where no calcification is recorded."""
    found = facts(classify)
    chapter = facts.knowledge.classification
    entry = chapter.cards.get(found.classification)
    if entry is None:
        return None
    withheld = found.classification == "INDETERMINATE" and bool(found.reason)
    certainty: Certainty = entry.certainty
    if found.classification == "MIXED" and facts(assess_metabolic).level == "confirmed":
        certainty = "confirmed"
    decisions = (
        *found.decisions,
        *facts(assess_metabolic).decisions,
        *(("D-20",) if facts(assess_red_flag).open else ()),
    )
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
        first=("creatinine",) if facts(assess_red_flag).kidneys_unknown else (),
    )


def _evidence(facts: Facts) -> tuple[Evidence, ...]:
    """What the class rests on: the calcification, the panel, and the causes that count."""
    rows = [calcification_row(each) for each in facts(recorded_calcifications)]
    rows += facts(calcium_rows)
    rows += facts(usable_results).rows((facts(assess_phosphate).measurement,))
    rows += facts(assess_kidney).evidence
    rows += facts(usable_results).rows((facts(assess_pth).measurement,))
    found = product(facts)
    if found is not None and found[1]:
        rows.append(Evidence(Text("Calcium x phosphate", "Produit phosphocalcique"), None, Value(found[0], "mmol²/L²")))
    for cause in (*facts(assess_metabolic).causes, *facts(assess_dystrophic).causes):
        rows += cause.evidence
    rows += facts(assess_metabolic).evidence
    return tuple(dict.fromkeys(rows))


_SEEN = {
    "conditions": Text("the problem list", "la liste des problèmes"),
    "laboratory": Text("the laboratory results", "les résultats de laboratoire"),
    "medications": Text("the medicines", "les traitements"),
    "procedures": Text("the procedures", "les actes"),
    "reports": Text("the imaging reports", "les comptes rendus d'imagerie"),
}
_EGFR = Text("eGFR (repeat after 90 days)", "DFG (à recontrôler après 90 jours)")


def _gaps(facts: Facts) -> tuple[Gap, ...]:
    """What is missing, old, doubtful or unseen, and would change the class."""
    results, calcium, phosphate = facts(usable_results), facts(assess_calcium), facts(assess_phosphate)
    gaps = [Gap("missing", item.text) for item in missing_panel(facts) if results.latest(item.lab) is None]
    sample = calcium.sample
    if sample is not None and calcium.hypercalcaemia == "unverified":
        gaps.append(Gap("unverified", results.label(sample.measurement.lab), (sample.measurement.source,)))
    elif sample is not None and calcium.status == "unreliable":
        why = sample.why or results.label(sample.measurement.lab)
        gaps.append(Gap("unreliable", why, (sample.measurement.source,)))
    gaps += [
        Gap("recent", results.label(each.lab), (each.source,)) for each in _measured(facts) if results.is_recent(each)
    ]
    if phosphate.measurement is not None and phosphate.status == "high" and not phosphate.anomaly:
        gaps.append(Gap("single", results.label("phosphate"), (phosphate.measurement.source,)))
    egfr = facts(assess_kidney).egfr
    if egfr is not None and facts(assess_kidney).why == "single":
        gaps.append(Gap("single", _EGFR, (egfr.measurement.source,)))
    for lab in ("calcium-total", "phosphate", "creatinine"):
        old = results.all(lab)[:1]
        if old and results.age(old[0]) > RECENT:
            gaps.append(Gap("stale", results.label(lab), (old[0].source,)))
    gaps += [Gap("not-seen", _SEEN[kind]) for kind in facts(classify).unseen]
    return (*gaps, *facts(assess_dystrophic).gaps)


def _notes(facts: Facts) -> tuple[Text, ...]:
    """The causes in words, why the type leans as it does, and what besides may raise calcium."""
    notes: list[Text] = []
    metabolic = facts(assess_metabolic).causes
    if metabolic:
        notes.append(_listed(facts, "Metabolic: ", "Métabolique : ", metabolic))
    local = _narrowest(facts)
    if local:
        notes.append(_listed(facts, "Local: ", "Locale : ", local))
    notes += facts(assess_metabolic).reasons
    notes += facts(assess_kidney).remarks
    if facts(assess_calcium).status == "high":
        also = confounders(facts)
        if also is not None:
            notes.append(also)
    if any(each.ossification for each in facts(recorded_calcifications)):
        notes.append(_OSSIFICATION)
    for rule, _ in reached(facts, facts.knowledge.metabolic.causes_by_id):
        notes += [note.text for note in rule.notes if ask(note.when, facts).truth]
    if facts(classify).classification == "DYSTROPHIC_UNEXPLAINED":
        notes.append(_IDIOPATHIC)
    return tuple(dict.fromkeys(notes))


def _narrowest(facts: Facts) -> list[Cause]:
    """The local causes without those that a narrower one already names (CREST is a systemic sclerosis)."""
    causes = facts(assess_dystrophic).causes
    of = facts.knowledge.dystrophic.broader
    broader = {of[cause.id] for cause in causes if cause.id in of}
    return [cause for cause in causes if cause.id not in broader]


def _listed(facts: Facts, en: str, fr: str, causes: Iterable[Cause]) -> Text:
    levels = facts.knowledge.wording.levels
    return Text(
        en + "; ".join(f"{each.term.en} ({levels[each.level].en})" for each in causes) + ".",
        fr + " ; ".join(f"{each.term.fr} ({levels[each.level].fr})" for each in causes) + ".",
    )


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
    if facts(assess_calcium).hypercalcaemia == "verified" and facts(assess_pth).paired == "suppressed":
        keys.append("hypercalcaemia-pth-suppressed")
    for rule, cause in reached(facts, facts.knowledge.metabolic.causes_by_id):
        if cause.level == "possible":
            keys += rule.asks
    rules = facts.knowledge.dystrophic.microcrystal
    causes = {each.id for each in facts(assess_dystrophic).causes}
    if causes & set(rules.tophus):
        keys.append(rules.tophus_request)
    if facts(classify).classification.startswith("METASTATIC"):
        return keys  # a crystal work-up adds nothing to a calcification that the minerals explain
    young = facts.age is not None and facts.age < rules.age_below
    periarticular = any(rules.layer in each.layers for each in facts(recorded_calcifications))
    if "haemochromatosis" in causes or (young and (causes & set(rules.causes) or periarticular)):
        keys.append(rules.requests)
    return keys
