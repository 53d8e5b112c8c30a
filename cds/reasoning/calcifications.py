"""Soft-tissue calcifications that a chart records, by code or in words (TRG-1 a and b, TRG-2, D-17)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.chart import Finding, Moment, Problem, Ref, Report
from cds.reasoning.conclusions import Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.recognition import Layer
from cds.reasoning.language.sites import Site
from cds.reasoning.recognition import Recognised, recognise, worded

if TYPE_CHECKING:
    from cds.reasoning.language.calcification import Calcified

__all__ = ["Calcification", "calcification_row", "recorded_calcifications", "said_of_calcification"]


class Calcification(NamedTuple):
    """One soft-tissue calcification that the chart records."""

    source: Ref
    text: str
    """The words of the diagnosis, or the sentence of the report."""
    site: Site
    layers: frozenset[Layer]
    weight: Literal["strong", "weak"]
    when: Moment | None
    from_imaging: bool
    """Said by a report, not by a diagnosis."""
    ossification: bool = False
    """The same words also speak of ossification (D-17)."""
    by: str = ""
    """concept_id, when a code or the name of a form recorded it; "" for a sentence."""


def recorded_calcifications(facts: Facts) -> tuple[Calcification, ...]:
    """Every calcification of the chart, each resource's once per site.

    Where a code or the name of a form records it, the words of that diagnosis add nothing but ossification.
    """
    found: dict[tuple[Ref, Site], Calcification] = {}
    named: dict[Ref, Calcification] = {}
    for each in _by_code_or_form(facts):
        named[each.source] = found[each.source, each.site] = each
    for each in _by_sentence(facts):
        by_name = named.get(each.source)
        if by_name is not None and not each.from_imaging:
            key = by_name.source, by_name.site
            found[key] = found[key]._replace(ossification=found[key].ossification or each.ossification)
            continue
        known = found.get((each.source, each.site))
        if known is None:
            found[each.source, each.site] = each
        else:
            found[each.source, each.site] = known._replace(
                layers=known.layers | each.layers, ossification=known.ossification or each.ossification
            )
    return tuple(sorted(found.values(), key=lambda each: (each.source.type, each.source.id, each.text)))


def _by_code_or_form(facts: Facts) -> Iterator[Calcification]:
    trigger, active = facts.knowledge.recognition.trigger, facts(recognise).by_state["active"]
    seen: set[Ref] = set()
    for concept, layer in trigger.by_code.items():
        for each in active.get(concept, ()):
            if each.coded and each.source not in seen and not _is_preliminary_report(each):
                seen.add(each.source)
                yield _of(each, layer)
    for concept, layer in trigger.by_form.items():
        for each in active.get(concept, ()):
            elsewhere = each.site.regions and each.site.regions <= set(trigger.never_in)
            if not elsewhere and not _is_preliminary_report(each):
                yield _of(each, layer)


def _is_preliminary_report(recognised: Recognised) -> bool:
    """TRG-1 (b): only a final report opens the service."""
    return isinstance(recognised.datum, Report) and recognised.datum.preliminary


def _of(recognised: Recognised, layer: Layer) -> Calcification:
    return Calcification(
        recognised.source,
        recognised.text,
        recognised.site,
        frozenset({layer}),
        recognised.weight,
        recognised.when,
        recognised.source.type == "DiagnosticReport",
        by=recognised.concept,
    )


def _by_sentence(facts: Facts) -> Iterator[Calcification]:
    calcified = facts.language.calcified
    for problem in facts.chart.problems:
        if problem.state == "active":
            for text in worded(problem.texts, problem.sites):
                for said in calcified(text):
                    yield _said(facts, problem, said, problem.onset or problem.recorded)
    for report in facts.chart.reports:
        for text in () if report.preliminary else report.texts:
            for said in calcified(text):
                yield _said(facts, report, said, report.when)
    for finding in facts.chart.findings:
        if finding.value is not False and finding.severity != "absent":
            for text in (*worded(finding.texts, finding.sites), *finding.value_texts):
                for said in calcified(text):
                    yield _said(facts, finding, said, finding.when)


def _said(facts: Facts, datum: Problem | Report | Finding, said: Calcified, when: Moment | None) -> Calcification:
    site = said.site
    if not isinstance(datum, Report) and datum.sites:
        site = facts.language.sites.read(*datum.sites)
    doubtful = said.hypothetical or (datum.level == "unconfirmed" if isinstance(datum, Problem) else datum.preliminary)
    by_words = isinstance(datum, Problem)
    return Calcification(
        datum.source,
        said.sentence if isinstance(datum, Report) else next(iter(datum.texts), said.sentence),
        site,
        frozenset(said.layers),
        "weak" if doubtful or by_words else "strong",
        when,
        isinstance(datum, Report),
        said.ossification,
    )


def said_of_calcification(facts: Facts, *patterns: str) -> tuple[Recognised, ...]:
    """What any of `patterns` says in a resource that records a calcification: elsewhere a dumbbell is no parasite."""
    said = facts(recognise).active(*patterns)
    if not said:
        return ()
    sources = {each.source for each in facts(recorded_calcifications)}
    return tuple(each for each in said if each.source in sources)


def calcification_row(calcification: Calcification) -> Evidence:
    """A row of the table for a recorded calcification, in the words of the record."""
    return Evidence(_RECORDED, calcification.source, calcification.text, calcification.when)


_RECORDED = Text("Calcification recorded", "Calcification rapportée")
