"""Calcification in chronic venous disease: where it counts, and how strong a cause the veins are (CVI-2, D-20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.calcifications import Calcification, recorded_calcifications
from cds.reasoning.facts import Facts
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.venous.imaging import leg_radiographs
from cds.reasoning.venous.staging import Limb

if TYPE_CHECKING:
    from cds.reasoning.venous.stage import Staging

__all__ = ["LegCalcification", "attribution", "leg_calcifications"]


class LegCalcification(NamedTuple):
    """A calcification of the leg or ankle, and the legs that it may be in."""

    calcification: Calcification
    limbs: tuple[Limb, ...]
    site_known: bool

    @property
    def low(self) -> int:
        """The stage of the worst of these legs; 0: not stageable."""
        return max((each.low or 0 for each in self.limbs), default=0)

    @property
    def high(self) -> int:
        return max((each.high for each in self.limbs if each.low is not None), default=0)

    @property
    def cause_low(self) -> int:
        """The stage without varicose veins, which are no strong cause by themselves."""
        return max((each.cause_low for each in self.limbs), default=0)


def leg_calcifications(facts: Facts, staging: Staging) -> tuple[LegCalcification, ...]:
    """The calcifications that CVI-2 is about: leg or ankle, or site unknown with a leg radiograph."""
    return tuple(
        LegCalcification(each, _limbs(each, staging), bool(each.site.regions))
        for each in facts(recorded_calcifications)
        if _in_the_leg(facts, each)
    )


def attribution(facts: Facts, staging: Staging) -> Literal["strong", "weak"] | None:
    """How strong a dystrophic cause chronic venous insufficiency is in this patient (CVI-2, DYS-1, D-20).

    Strong: stage 3 or 4 of a leg that is calcified, by more than varicose veins, and RED-1 closed. Weak: everything
    else, an incompatible site included. None: no calcification, or no venous disease.
    """
    if not facts(recorded_calcifications) or not staging.context:
        return None
    if facts(assess_red_flag).level != "none" or not staging.confirmed:
        return "weak"
    from_stage = facts.knowledge.venous.attribution.strong_from
    strong = any(each.cause_low >= from_stage for each in leg_calcifications(facts, staging))
    return "strong" if strong else "weak"


def _in_the_leg(facts: Facts, calcification: Calcification) -> bool:
    site = calcification.site
    if site.regions:
        return facts.language.sites.within(site, facts.knowledge.venous.attribution.area) is True
    radiographs = leg_radiographs(facts)
    return calcification.source in radiographs if calcification.from_imaging else bool(radiographs)


def _limbs(calcification: Calcification, staging: Staging) -> tuple[Limb, ...]:
    sides = calcification.site.sides
    return tuple(each for each in staging.legs.limbs if not sides or each.side in sides)
