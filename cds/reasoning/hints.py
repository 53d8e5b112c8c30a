"""Hints that are no diagnosis: antibodies and the universal form (DYS-2), and the differential list (DDX-1)."""

from __future__ import annotations

import re

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.chart import Measurement
from cds.reasoning.classification import classify
from cds.reasoning.conclusions import Conclusion, Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.forms import recognised_forms
from cds.reasoning.knowledge.forms import DifferentialItem
from cds.reasoning.laboratory import RECENT, above, below
from cds.reasoning.origin import plausible_parasites
from cds.reasoning.recognition import recognise, recognition_row
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.results import usable_results
from cds.reasoning.workup import Wanted

__all__ = ["connective_tissue_conclusion", "differential_conclusion"]

_TITRE = re.compile(r"(?P<less><)?=?\s*(?:1\s*[:/]\s*)?(?P<titre>\d+)")
_NEGATIVE = ("neg", "nég", "absent", "non detect", "not detect", "non réactif", "non-reactive", "nonreactive")


def connective_tissue_conclusion(facts: Facts) -> Wanted | None:
    """C-CTD: an antibody hint, a high creatine kinase or the universal form, and no connective tissue disease accepted."""
    rules = facts.knowledge.dystrophic.hints
    if not facts(recorded_calcifications) or facts(recognise).of(*rules.diseases):
        return None
    rows: list[Evidence] = []
    notes: list[Text] = []
    for label, found in _hints(facts):
        rows += facts(usable_results).rows(found)
        notes.append(label)
    forms = [form for form in facts(recognised_forms) if form.id in rules.forms]
    for form in forms:
        rows += form.evidence
        notes.append(
            Text(
                "The sheet-like form goes with polymyositis and dermatomyositis.",
                "La forme en nappes (feuilletée) accompagne surtout polymyosite et dermatomyosite.",
            )
        )
    if not notes:
        return None
    rows += [calcification_row(each) for each in facts(recorded_calcifications)]
    conclusion = Conclusion(
        rules.card,
        "DYS-2",
        certainty="possible",
        evidence=tuple(dict.fromkeys(rows)),
        notes=tuple(notes),
        sources=("S", *rules.tags) if forms else rules.tags,
    )
    return Wanted(conclusion)


def _hints(facts: Facts) -> list[tuple[Text, tuple[Measurement, ...]]]:
    rules = facts.knowledge.dystrophic.hints
    laboratory = facts(usable_results)
    days = rules.years * RECENT
    found: list[tuple[Text, tuple[Measurement, ...]]] = []
    centromere = laboratory.latest("anti-centromere", days=days)
    hand = any(facts.language.sites.within(each.site, rules.hand) for each in facts(recorded_calcifications))
    if centromere is not None and is_positive(centromere) and hand:
        found.append((_CENTROMERE, (centromere,)))
    scl70 = laboratory.latest("anti-scl70", days=days)
    if scl70 is not None and is_positive(scl70):
        found.append((_SCL70, (scl70,)))
    ana = laboratory.latest("ana", days=days)
    dna = laboratory.latest("anti-dsdna", days=days)
    if ana is not None and dna is not None and _reaches(ana, rules.ana_titre_from) and is_positive(dna):
        found.append((_DNA, (ana, dna)))
    kinase = laboratory.numeric("creatine-kinase")
    upper = laboratory.upper_limit(kinase) if kinase is not None else None
    if kinase is not None and upper and above(kinase, rules.ck_multiple * upper):
        found.append((_KINASE, (kinase,)))
    return found


_CENTROMERE = Text(
    "Anti-centromere antibodies with calcification of the hand: think of limited systemic sclerosis (CREST).",
    "Anticorps anti-centromère et calcification de la main : évoquer une sclérodermie limitée (CREST).",
)
_SCL70 = Text(
    "Anti-Scl-70 antibodies: think of systemic sclerosis.", "Anticorps anti-Scl-70 : évoquer une sclérodermie."
)
_DNA = Text(
    "Antinuclear and anti-dsDNA antibodies: think of systemic lupus.",
    "Anticorps antinucléaires et anti-ADN natif : évoquer un lupus systémique.",
)
_KINASE = Text(
    "Creatine kinase above twice its limit: think of myositis.",
    "Créatine kinase à plus de deux fois la limite : évoquer une myosite.",
)


def is_positive(measurement: Measurement) -> bool:
    """Whether an antibody is positive: by its words or interpretation, else above its own or the laboratory's limit."""
    if measurement.interpretation in ("POS", "H", "HH", "A"):
        return True
    if measurement.interpretation in ("NEG", "N"):
        return False
    if measurement.value is not None:
        return measurement.high is not None and above(measurement, measurement.high) is True
    words = measurement.words.lstrip(">≥= ")
    if words.startswith(_NEGATIVE):
        return False
    return words.startswith(("pos", "detected", "présent", "present", "reactive", "réactif", "+", "1:", "1/"))


def _reaches(measurement: Measurement, titre: int) -> bool:
    """Whether a titre is at least 1:`titre`; "<1:80" says that it is lower, words without a number say nothing."""
    if measurement.value is not None:
        return below(measurement, titre) is False
    found = _TITRE.search(measurement.words)
    return found is not None and found["less"] is None and int(found["titre"]) >= titre


def differential_conclusion(facts: Facts) -> Wanted | None:
    """C-DDX: the take-home list of the source document, what this chart supports first."""
    rules = facts.knowledge.forms.differential
    if facts(classify).classification not in rules.classes or facts(assess_red_flag).open:
        return None
    fitting = [each for each in facts(recorded_calcifications) if each.layers & set(rules.layers)]
    if not fitting:
        return None
    scored = [(item, _support(facts, item)) for item in rules.items]
    scored.sort(key=lambda pair: not pair[1])
    notes = [_item_words(facts, item, rows) for item, rows in scored]
    rows = [calcification_row(each) for each in fitting] + [row for _, support in scored for row in support]
    conclusion = Conclusion(
        rules.card,
        rules.rule,
        certainty="possible",
        evidence=tuple(dict.fromkeys(rows)),
        notes=tuple(notes),
        sources=rules.tags,
    )
    return Wanted(conclusion)


def _support(facts: Facts, item: DifferentialItem) -> tuple[Evidence, ...]:
    rows = [recognition_row(each) for each in facts(recognise).of(*item.concepts)]
    for lab in item.labs:
        found = facts(usable_results).latest(lab, days=3 * RECENT)
        if found is not None and (is_positive(found) or facts(usable_results).status(found) == "high"):
            rows += facts(usable_results).rows((found,))
    return tuple(rows)


def _item_words(facts: Facts, item: DifferentialItem, support: tuple[Evidence, ...]) -> Text:
    remarks = [*([_parasites(facts)] if item.parasites else []), *([_SUPPORTED] if support else [])]
    item_en, item_fr = item.en[0].upper() + item.en[1:], item.fr[0].upper() + item.fr[1:]
    if not remarks:
        return Text(f"{item_en}.", f"{item_fr}.")
    en, fr = "; ".join(each.en for each in remarks), " ; ".join(each.fr for each in remarks)
    return Text(f"{item_en} ({en}).", f"{item_fr} ({fr}).")


_SUPPORTED = Text("supported by the record", "argument dans le dossier")


def _parasites(facts: Facts) -> Text:
    """The parasites that are plausible, or in the record whatever its countries say."""
    found, rules = plausible_parasites(facts), facts.knowledge.forms.parasites
    recorded = {each.concept for each in facts(recognise).of(*rules.concepts)}
    words = facts.knowledge.cards.placeholder("parasite")
    names = [words.value(each) for each in rules.concepts if each in {*found.concepts, *recorded}]
    listed = Text(", ".join(each.en for each in names), ", ".join(each.fr for each in names))
    if not found.chosen_by:
        return listed
    countries = Text(", ".join(each.en for each in found.chosen_by), ", ".join(each.fr for each in found.chosen_by))
    if not names:
        return Text(
            f"none expected from the countries of the record, {countries.en}; ask about travel",
            f"aucune attendue d'après les pays du dossier, {countries.fr} ; rechercher un voyage",
        )
    return Text(
        f"{listed.en}; by the countries of the record, {countries.en}",
        f"{listed.fr} ; d'après les pays du dossier, {countries.fr}",
    )
