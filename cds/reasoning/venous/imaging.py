"""Examinations of the leg that the record holds: radiographs and duplex (CVI-2 to CVI-4)."""

from __future__ import annotations

from cds.reasoning.chart import Ref
from cds.reasoning.facts import Facts
from cds.reasoning.recognition import recognise
from cds.reasoning.time import age_days

__all__ = ["done", "leg_radiographs"]


def leg_radiographs(facts: Facts) -> frozenset[Ref]:
    """The reports and procedures that are a radiograph of leg or ankle, by their code or in words."""
    return frozenset(each.source for each in facts(recognise).of(facts.knowledge.venous.imaging.radiograph))


def done(facts: Facts, concept: str, days: int) -> bool:
    """Whether an examination is recorded at most `days` ago."""
    return any(
        each.when is not None and age_days(facts.now, each.when) <= days for each in facts(recognise).of(concept)
    )
