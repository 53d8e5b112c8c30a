"""Dystrophic causes and their weight (DYS-1, DYS-4, FRM-8), and the highest of all (`dys` of CLS-1)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.calcifications import recorded_calcifications, said_of_calcification
from cds.reasoning.chart import Medicine, Problem
from cds.reasoning.conclusions import Cause, Evidence, Gap, Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.dystrophic import DystrophicCause
from cds.reasoning.language.sites import Site
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.time import age_days
from cds.reasoning.venous import attribution
from cds.reasoning.venous.stage import staging

__all__ = ["Dystrophic", "assess_dystrophic"]

Weight = Literal["strong", "weak", "none"]


class Dystrophic(NamedTuple):
    """What section 4 finds."""

    weight: Weight
    """`dys` of CLS-1."""
    causes: tuple[Cause, ...]
    """Strong ones first."""
    iatrogenic: Cause | None
    """DYS-4, when a calcium infusion or injection is at the site of a calcification."""
    gaps: tuple[Gap, ...]
    """What would make a weak cause strong."""

    @property
    def strong(self) -> tuple[Cause, ...]:
        return tuple(each for each in self.causes if each.level == "strong")

    @property
    def strong_elsewhere(self) -> bool:
        """A strong local cause besides the veins (CVI-2)."""
        return any(each.id != "chronic-venous-insufficiency" for each in self.strong)


def assess_dystrophic(facts: Facts) -> Dystrophic:
    """Every recorded cause with its weight, the venous one by its stage."""
    recognised = facts(recognise).by_concept
    rules = facts.knowledge.dystrophic.by_concept
    causes = [_weigh(rule, facts) for concept, rule in rules.items() if concept in recognised]
    causes += _by_pattern(facts, {cause.id for cause in causes})
    venous = _venous(facts)
    if venous is not None:
        causes.append(venous)
    iatrogenic, gaps = _infusion(facts)
    if iatrogenic is not None:
        recorded = next((each for each in causes if each.id == iatrogenic.id), None)
        causes = [each for each in causes if each is not recorded]
        causes.append(iatrogenic if recorded is None else _together(iatrogenic, recorded))
    causes.sort(key=lambda cause: cause.level != "strong")
    weight: Weight = "none"
    if causes:
        weight = "strong" if causes[0].level == "strong" else "weak"
    at_site = iatrogenic if iatrogenic is not None and iatrogenic.level == "strong" else None
    return Dystrophic(weight, tuple(causes), at_site, gaps)


def _together(one: Cause, other: Cause) -> Cause:
    """One cause that is recorded in two ways: the heavier weight, and the evidence of both."""
    heavier = other if other.level == "strong" and one.level != "strong" else one
    return heavier._replace(evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))))


def _weigh(rule: DystrophicCause, facts: Facts) -> Cause:
    """The weight of one recorded cause: the best of everything that records it (DYS-1)."""
    recorded = facts(recognise).of(rule.concept)
    strong = tuple(each for each in recorded if _is_strong(each, rule, facts))
    rows = tuple(recognition_row(each) for each in strong or recorded)
    return Cause(rule.concept, "strong" if strong else "weak", rule.term, "dystrophic", rows)


def _is_strong(recognised: Recognised, rule: DystrophicCause, facts: Facts) -> bool:
    if rule.umbrella or recognised.weight == "weak" or recognised.tier_c_only:
        return False
    if any(each.source == recognised.source for each in facts(recognise).of(*rule.weak_with)):
        return False
    if recognised.state == "past" and not (rule.scar or _in_remission(recognised, rule)):
        return False
    if rule.umbrella_unless_same_site:
        return recognised.coded and _compatible(recognised, rule, facts) is True
    compatible = _compatible(recognised, rule, facts)
    return compatible is True if rule.common else compatible is not False


def _in_remission(recognised: Recognised, rule: DystrophicCause) -> bool:
    """D-19."""
    return rule.remission_counts and isinstance(recognised.datum, Problem) and recognised.datum.clinical == "remission"


def _compatible(recognised: Recognised, rule: DystrophicCause, facts: Facts) -> bool | None:
    """Whether the site of any calcification fits the cause; None when it isn't known."""
    if rule.site == "any":
        return True
    sites = facts.language.sites
    answers: list[bool | None] = []
    for calcification in facts(recorded_calcifications):
        if rule.site == "same":
            overlap = sites.overlap(recognised.site, calcification.site)
            same_resource = recognised.source == calcification.source and overlap is None
            answers.append(True if same_resource else overlap)
        elif rule.local and sites.overlap(recognised.site, calcification.site) is False:
            answers.append(False)
        else:
            answers.append(sites.within(calcification.site, rule.site))
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _by_pattern(facts: Facts, known: set[str]) -> list[Cause]:
    """A pattern word suggests a parasite and no more: weak (ACC-3, FRM-8)."""
    chapter = facts.knowledge.dystrophic
    found = []
    for pattern, concept in chapter.patterns.items():
        said = said_of_calcification(facts, pattern)
        if said and concept not in known:
            term = chapter.by_concept[concept].term
            found.append(Cause(concept, "weak", term, "dystrophic", tuple(map(recognition_row, said))))
    return found


def _venous(facts: Facts) -> Cause | None:
    found = facts(staging)
    weight = attribution(facts, found)
    if weight is None:
        return None
    rows = found.stage.evidence if found.stage is not None else ()
    rules = facts.knowledge.dystrophic.venous
    recorded = tuple(recognition_row(each) for each in facts(recognise).active(rules.concept))
    return Cause(rules.concept, weight, rules.term, "dystrophic", tuple(dict.fromkeys((*recorded, *rows))))


_SITE = Text("Site of the calcium infusion or injection", "Site de la perfusion ou de l'injection de calcium")


def _infusion(facts: Facts) -> tuple[Cause | None, tuple[Gap, ...]]:
    """DYS-4: parenteral calcium, or calcium heparin under the skin, at the site of a calcification within 6 months."""
    rules = facts.knowledge.dystrophic.infusion
    days = round(rules.months * 30.5)
    if not facts(recorded_calcifications):
        return None, ()
    infused = medicines_taken(facts, *rules.classes, ended_days=days)
    heparins = [
        each
        for each in medicines_taken(facts, *rules.heparins, ended_days=days)
        if any(facts.language.sites.within(c.site, rules.heparin_area) for c in facts(recorded_calcifications))
    ]
    at_site = [each for each in infused if any(_at(facts, each, c.site) for c in facts(recorded_calcifications))]
    extravasated = [each for each in facts(recognise).of(rules.extravasation) if _left_behind(facts, each, days)]
    rows: tuple[Evidence, ...]
    if at_site or extravasated or heparins:
        rows = (*map(medicine_row, (*at_site, *heparins)), *map(recognition_row, extravasated))
        term = rules.term if at_site or extravasated else rules.heparin_term
        return Cause(rules.concept, "strong", term, "dystrophic", rows), ()
    unknown = [each for each in infused if _site(facts, each) == Site()]
    if not unknown:
        return None, ()
    rows = tuple(medicine_row(each) for each in unknown)
    gap = Gap("missing", _SITE, tuple(each.source for each in unknown))
    return Cause(rules.concept, "weak", rules.term, "dystrophic", rows), (gap,)


def _left_behind(facts: Facts, extravasation: Recognised, days: int) -> bool:
    """A confirmed extravasation of at most `days` ago at the site of a calcification."""
    if extravasation.weight == "weak" or extravasation.when is None or age_days(facts.now, extravasation.when) > days:
        return False
    overlap = facts.language.sites.overlap
    return any(overlap(extravasation.site, each.site) is True for each in facts(recorded_calcifications))


def _site(facts: Facts, medicine: Medicine) -> Site:
    words = medicine.sites or ((medicine.note,) if medicine.note else ())
    return facts.language.sites.read(*words) if words else Site()


def _at(facts: Facts, medicine: Medicine, site: Site) -> bool:
    return facts.language.sites.overlap(_site(facts, medicine), site) is True
