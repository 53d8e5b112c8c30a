"""How things are at the time of the order: the words of ORD-0e."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.calcium import Calcium, Sample, assess_calcium, calcium_rows
from cds.reasoning.chart import Problem
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.critical import alarm
from cds.reasoning.facts import Facts
from cds.reasoning.minerals import assess_phosphate
from cds.reasoning.recognition import Recognised, recognise
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days

__all__ = ["CalciumNow", "calcium_now", "past_calciphylaxis", "phosphate_is_high"]


class CalciumNow(NamedTuple):
    """What the calcium says at the time of an order."""

    states: frozenset[Literal["critical", "high", "doubtful"]]
    evidence: tuple[Evidence, ...]
    value: Text | None
    """{ca}: "3.72 mmol/L", "ionised 1.82"; None unless critical."""


def calcium_now(facts: Facts) -> CalciumNow:
    """*Calcium critical*, *high* and *doubtful* of ORD-0e: several may hold at a time, none holds for want of data."""
    fired = alarm(facts)
    critical = fired is not None and fired.card == "C-CRIT-CA-HIGH"
    calcium = facts(assess_calcium)
    states: set[Literal["critical", "high", "doubtful"]] = set()
    rows = facts(calcium_rows)
    sample = _high(calcium)
    if sample is not None:
        fresh = age_days(facts.now, sample.when) <= facts.knowledge.orders.current_days
        doubted = sample.kind != "ionised" and bool(calcium.doubt)
        states.add("high" if fresh and not doubted else "doubtful")
    if fired is None or not critical:
        return CalciumNow(frozenset(states), rows, None)
    states.add("critical")
    return CalciumNow(
        frozenset(states), tuple(dict.fromkeys((*fired.evidence, *rows))), _written(facts, fired.evidence[-1])
    )


def _high(calcium: Calcium) -> Sample | None:
    """The high calcium that counts: the newest, or where that one proves nothing the one that MET-0 rests on."""
    if calcium.status == "high":
        return calcium.sample
    return calcium.high if calcium.hypercalcaemia == "verified" else None


def _written(facts: Facts, row: Evidence) -> Text:
    """{ca}, from the last row of an alarm: the value that is compared."""
    assert isinstance(row.value, Value)
    number = f"{row.value.number:.2f}"
    if row.label == facts(usable_results).label("calcium-ionised"):
        return Text(f"ionised {number}", f"ionisé {number.replace('.', ',')}")
    return Text(f"{number} {row.value.unit}", f"{number.replace('.', ',')} {row.value.unit}")


def phosphate_is_high(facts: Facts) -> bool:
    """*Phosphate high* of ORD-0e."""
    phosphate = facts(assess_phosphate)
    return (
        phosphate.status == "high"
        and phosphate.measurement is not None
        and facts(usable_results).age(phosphate.measurement) <= facts.knowledge.orders.current_days
    )


def past_calciphylaxis(facts: Facts) -> tuple[Recognised, ...]:
    """Diagnoses of calciphylaxis that are over; a hypothesis that is over is none."""
    return tuple(
        each
        for each in facts(recognise).past(facts.knowledge.redflag.calciphylaxis)
        if isinstance(each.datum, Problem) and "hypothetical" not in each.reasons
    )
