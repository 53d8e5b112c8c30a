"""One patient's evaluation: everything that the rules find, as conclusions (sections 3 to 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cds.reasoning.alarms import alarm_conclusions, red_flag_conclusion
from cds.reasoning.calcifications import recorded_calcifications
from cds.reasoning.causes import cause_conclusions
from cds.reasoning.chart import Chart, NotUsed
from cds.reasoning.classification import class_conclusion, classify
from cds.reasoning.conclusions import Cause, Evaluation
from cds.reasoning.dystrophic import assess_dystrophic
from cds.reasoning.facts import Facts
from cds.reasoning.forms import form_conclusion, parasite_conclusion, recognised_forms, tumour_conclusion
from cds.reasoning.hints import connective_tissue_conclusion, differential_conclusion
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.metabolic import assess_metabolic
from cds.reasoning.results import usable_results
from cds.reasoning.venous import conclusions as venous_conclusions
from cds.reasoning.venous import withheld
from cds.reasoning.venous.stage import staging
from cds.reasoning.workup import Wanted, requested

__all__ = ["evaluable", "evaluate", "evaluate_chart", "not_used"]


def evaluate_chart(chart: Chart, now: datetime, knowledge: Knowledge) -> Evaluation:
    """What the knowledge says of this chart at this time."""
    return evaluate(Facts(chart, now, knowledge))


def evaluate(facts: Facts) -> Evaluation:
    """What the rules find. Without a calcification (TRG-1) only the red flag and the venous rules speak."""
    chart = facts.chart
    calcified = bool(facts(recorded_calcifications))
    wanted = list(_wanted(facts)) if calcified else _red_flag(facts)
    venous, held = withheld(
        facts,
        venous_conclusions(
            facts,
            facts(staging),
            metabolic_level=facts(assess_metabolic).level if calcified else "none",
            other_strong_local_cause=calcified and facts(assess_dystrophic).strong_elsewhere,
        ),
    )
    classified = facts(classify)
    return Evaluation(
        classification=classified.classification,
        lean=classified.lean,
        conclusions=tuple(requested(facts, each) for each in (*wanted, *venous)),
        causes=_causes(facts) if calcified else (),
        forms=facts(recognised_forms) if calcified else (),
        stage=facts(staging).stage,
        not_used=not_used(facts),
        access=chart.access,
        evaluable=evaluable(facts),
        withheld=held,
    )


def _red_flag(facts: Facts) -> list[Wanted]:
    found = red_flag_conclusion(facts)
    return [found] if found is not None else []


def _wanted(facts: Facts) -> Iterator[Wanted]:
    yield from _red_flag(facts)
    yield from alarm_conclusions(facts)
    yield from cause_conclusions(facts)
    for each in (
        class_conclusion(facts),
        form_conclusion(facts),
        parasite_conclusion(facts),
        tumour_conclusion(facts),
        connective_tissue_conclusion(facts),
        differential_conclusion(facts),
    ):
        if each is not None:
            yield each


def _causes(facts: Facts) -> tuple[Cause, ...]:
    return (*facts(assess_metabolic).causes, *facts(assess_dystrophic).causes)


def not_used(facts: Facts) -> tuple[NotUsed, ...]:
    """What is no evidence: refused on reading, or by a rule."""
    refused = tuple(
        NotUsed(str(each.source), reason, each.lab, each.as_written(), each.when)
        for each, reason in facts(usable_results).refused
    )
    return (*facts.chart.not_used, *refused)


def evaluable(facts: Facts) -> bool:
    """Whether any kind of data was seen at all, the patient's own resource apart (R7)."""
    return any(state.complete or state == "partial" for kind, state in facts.chart.access.items() if kind != "patient")
