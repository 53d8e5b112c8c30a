"""Examinations of the leg that the record holds: radiographs and duplex (CVI-2 to CVI-4)."""

from __future__ import annotations

from collections.abc import Iterator

from cds.reasoning.chart import Moment, Report
from cds.reasoning.facts import Facts
from cds.reasoning.language.text import fold, sentences
from cds.reasoning.recognition import recognise
from cds.reasoning.time import age_days
from cds.reasoning.venous.signs import on_the_leg

__all__ = ["done", "is_leg_radiograph", "leg_radiographs"]


def is_leg_radiograph(facts: Facts, report: Report) -> bool:
    """Whether a report is a radiograph of leg or ankle: by its code, or by a sentence that says so."""
    rules = facts.knowledge.venous.imaging
    if any(match.concept == rules.radiograph for match in report.matches):
        return True
    return any(
        rules.radiograph_words.search(fold(sentence)) and on_the_leg(facts, facts.language.sites.read(sentence))
        for text in (*report.name, *report.texts)
        for sentence in sentences(text)
    )


def leg_radiographs(facts: Facts) -> tuple[Moment | None, ...]:
    """When the legs were radiographed, as far as the record says; None for an unknown date."""
    return tuple(_radiographs(facts))


def done(facts: Facts, concept: str, days: int) -> bool:
    """Whether an examination is recorded at most `days` ago."""
    dates = _radiographs(facts) if concept == facts.knowledge.venous.imaging.radiograph else _recognised(facts, concept)
    return any(when is not None and age_days(facts.now, when) <= days for when in dates)


def _radiographs(facts: Facts) -> Iterator[Moment | None]:
    for report in facts.chart.reports:
        if is_leg_radiograph(facts, report):
            yield report.when
    yield from _recognised(facts, facts.knowledge.venous.imaging.radiograph)


def _recognised(facts: Facts, concept: str) -> Iterator[Moment | None]:
    return (each.when for each in facts(recognise).of(concept))
