"""RED-1: the red flag for calciphylaxis. Normal calcium, phosphate and kidneys do not close it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from cds.reasoning.calcifications import recorded_calcifications
from cds.reasoning.conclusions import Evidence
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.time import age_days

__all__ = ["RedFlag", "assess_red_flag"]


class RedFlag(NamedTuple):
    """Open (critical or warning) or closed ("none")."""

    level: Literal["none", "warning", "critical"]
    evidence: tuple[Evidence, ...] = ()
    skin: tuple[Recognised, ...] = ()
    kidneys_unknown: bool = False
    """Skin evidence, but nothing is known of the kidneys: creatinine is the first request of the class card."""
    downgraded: bool = False

    @property
    def open(self) -> bool:
        return self.level != "none"

    def among(self, levels: Collection[str]) -> bool:
        """Whether its level is one of `levels`; "open" is critical or warning."""
        return self.level in levels or (self.open and "open" in levels)


def assess_red_flag(facts: Facts) -> RedFlag:
    """RED-1 for one chart."""
    rules = facts.knowledge.redflag
    coded = facts(recognise).active(rules.calciphylaxis)
    strong, weak = _skin_evidence(facts)
    if (not coded and not strong and not weak) or _is_refuted(facts):
        return RedFlag("none")
    severe = _severe(facts)
    antagonists = medicines_taken(facts, *rules.warning.medicines)
    level = _level(facts, coded, strong, weak, severe=severe, antagonist=bool(antagonists))
    skin = (*strong, *weak)
    if level == "none":
        return RedFlag("none", skin=skin, kidneys_unknown=bool(skin) and not facts(assess_kidney).known)
    downgraded = level == "critical" and not coded and _explained(facts, strong)
    if downgraded and not _in_context(facts):
        return RedFlag("none", skin=skin)  # TRG-1 (d) opens the critical form only
    rows = [*map(recognition_row, (*coded, *skin)), *facts(assess_kidney).evidence, *map(medicine_row, antagonists)]
    return RedFlag(
        "warning" if downgraded else level,
        tuple(dict.fromkeys(rows)),
        skin,
        downgraded=downgraded,
    )


def _level(
    facts: Facts,
    coded: tuple[Recognised, ...],
    strong: tuple[Recognised, ...],
    weak: tuple[Recognised, ...],
    *,
    severe: bool,
    antagonist: bool,
) -> Literal["none", "warning", "critical"]:
    confirmed = [each for each in coded if each.weight == "strong"]
    if any(each.coded and not each.tier_c_only for each in confirmed):
        return "critical"
    if severe and strong:
        return "critical"
    if coded:
        return "warning"
    if not _in_context(facts):
        return "none"
    kidneys = severe or facts(assess_kidney).category in facts.knowledge.redflag.warning.categories
    return "warning" if (strong or weak) and (kidneys or antagonist) else "none"


def _in_context(facts: Facts) -> bool:
    """A calcification, venous disease or an ulcer: what the warning needs (RED-1, trigger)."""
    rules = facts.knowledge
    venous = (*rules.redflag.context.venous, *rules.porter.venous_context.concepts)
    return bool(facts(recorded_calcifications) or facts(recognise).active(*venous))


def _is_refuted(facts: Facts) -> bool:
    """Calciphylaxis is recorded as refuted; a refutation older than the evidence may be says nothing of it."""
    rules = facts.knowledge.redflag
    return any(
        (each.when is None or age_days(facts.now, each.when) <= rules.days) and _names(facts, each.named)
        for each in facts.chart.not_used
        if each.reason == "refuted"
    )


def _names(facts: Facts, named: tuple[str, ...]) -> bool:
    wanted = facts.knowledge.redflag.calciphylaxis
    return wanted in named or any(said.term == wanted for words in named for said in facts.language.concepts(words))


def _severe(facts: Facts) -> bool:
    rules = facts.knowledge.redflag.severe
    kidney = facts(assess_kidney)
    if kidney.category in rules.categories or kidney.egfr_below(rules.egfr_below):
        return True
    return kidney.transplant and kidney.egfr_below(rules.transplant_egfr_below) is True


def _skin_evidence(facts: Facts) -> tuple[tuple[Recognised, ...], tuple[Recognised, ...]]:
    """What the skin shows, at most 90 days old: strong evidence, and evidence that only warns."""
    rules = facts.knowledge.redflag
    recognition = facts(recognise)
    if not recognition.active(*rules.skin):
        return (), ()

    def fresh(*concepts: str) -> list[Recognised]:
        return [
            each
            for each in recognition.active(*concepts)
            if each.when is None or age_days(facts.now, each.when) <= rules.days
        ]

    strong = [
        each
        for each in fresh(*rules.skin_evidence.concepts, *rules.skin_evidence.words)
        if "hypothetical" not in each.reasons and not each.tier_c_only
    ]
    painful = fresh(*rules.skin_evidence.painful_ulcer.words)
    ulcers = {each.source for each in fresh(*rules.skin_evidence.painful_ulcer.ulcers)}
    strong += [each for each in painful if each.source in ulcers]
    once = {each.source: each for each in reversed(strong)}
    weak = [each for each in fresh(*rules.weak_evidence.words) if each.source not in once]
    return tuple(reversed(once.values())), tuple(weak)


def _explained(facts: Facts, skin: tuple[Recognised, ...]) -> bool:
    """Gangrene at toe, foot or finger that arteries, diabetes or sclerosis explain, and nothing else on the skin."""
    rules = facts.knowledge.redflag.downgrade
    acral = all(
        each.coded
        and each.concept in rules.evidence
        and any(facts.language.sites.within(each.site, area) for area in rules.areas)
        for each in skin
    )
    explaining = facts(recognise).active(*rules.explained_by)
    # The word gangrene names no artery: what is evidence itself explains only by its code.
    return acral and any(each.coded or each.concept not in rules.evidence for each in explaining)
