"""CAL-4: when a calcium is an alarm, whatever the class is. The alarm value never feeds the class."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.calcium import CORRECTED, adjusted, albumin_near, assess_calcium
from cds.reasoning.chart import Measurement
from cds.reasoning.conclusions import Evidence, Value
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import above, below, usable_results
from cds.reasoning.patient import is_pregnant
from cds.reasoning.time import age_days, days_between, within_hours

__all__ = ["Alarm", "alarm"]


class Alarm(NamedTuple):
    """A row of CAL-4 that applies."""

    card: Literal["C-CRIT-CA-HIGH", "C-URG-CA", "C-CRIT-CA-LOW", "C-URG-CA-LOW"]
    evidence: tuple[Evidence, ...]
    confirm_first: bool
    """The value is unreliable or unverified: an ionised calcium first."""


def alarm(facts: Facts) -> Alarm | None:
    """CAL-4 for the newest value. A value refused by LAB-2 is not there any more and never fires."""
    laboratory = facts(usable_results)
    ionised = laboratory.numeric("calcium-ionised")
    total = laboratory.numeric("calcium-total") or laboratory.numeric("calcium-corrected")
    if ionised is not None and (total is None or _same_day_or_later(ionised, total)):
        return _alarm_for(facts, ionised, ionised.value or 0.0, "ionised")
    if total is None:
        return None
    return _alarm_of_total(facts, total)


def _same_day_or_later(ionised: Measurement, total: Measurement) -> bool:
    return ionised.when.instant.date() >= total.when.instant.date()


def _alarm_of_total(facts: Facts, total: Measurement) -> Alarm | None:
    rules = facts.knowledge.minerals.alarm
    value = total.value or 0.0
    albumin = albumin_near(facts, total)
    corrected = adjusted(facts, value, albumin) if albumin is not None and total.lab == "calcium-total" else value
    reported = [
        each.value
        for each in facts(usable_results).all("calcium-corrected")
        if each.value is not None and days_between(each.when, total.when) == 0
    ]
    high = max([value, corrected, *reported])
    found = _alarm_for(facts, total, high, "total", albumin)
    if found is not None or facts(is_pregnant):
        return found if found is None or found.card in ("C-CRIT-CA-HIGH", "C-URG-CA") else None
    if value >= rules.critical_below.total or not _low_rows_apply(facts, total):
        return None
    low = value
    may_adjust = (
        albumin is not None
        and below(albumin, rules.adjust_low_when_albumin_below)
        and not facts(assess_kidney).dialysis
        and (
            facts(assess_kidney).egfr_below(60) is False
            or (facts(assess_kidney).egfr_below(60) is None and not facts(assess_kidney).coded)
        )
    )
    if may_adjust:
        low = corrected
    if age_days(facts.now, total.when) > rules.stale_days:
        return None
    evidence = _alarm_rows(facts, total, albumin, low)
    fresh = within_hours(facts.now, total.when, rules.fresh_hours)
    critical = low < rules.critical_below.total and fresh
    return Alarm(
        "C-CRIT-CA-LOW" if critical else "C-URG-CA-LOW", evidence, facts(assess_calcium).settled == "unreliable"
    )


def _low_rows_apply(facts: Facts, measurement: Measurement) -> bool:
    """Under one year only a value that the laboratory itself calls critically low counts."""
    return facts.age is None or facts.age >= 1 or measurement.interpretation == "LL"


def _alarm_for(
    facts: Facts,
    measurement: Measurement,
    value: float,
    kind: Literal["total", "ionised"],
    albumin: Measurement | None = None,
) -> Alarm | None:
    """The high rows, and for ionised calcium the low ones."""
    rules = facts.knowledge.minerals.alarm
    if age_days(facts.now, measurement.when) > rules.stale_days:
        return None
    fresh = within_hours(facts.now, measurement.when, rules.fresh_hours)
    probe = measurement._replace(value=value)
    ionised = kind == "ionised"
    critical_above = rules.critical_above.ionised if ionised else rules.critical_above.total
    urgent = rules.urgent_from.ionised if ionised else rules.urgent_from.total
    doubtful = facts(assess_calcium).settled == "unreliable"
    rows = _alarm_rows(facts, measurement, albumin, value)
    if above(probe, critical_above):
        return Alarm("C-CRIT-CA-HIGH" if fresh else "C-URG-CA", rows, doubtful)
    if above(probe, urgent) if ionised else below(probe, urgent) is False:
        return Alarm("C-URG-CA", rows, doubtful)
    if ionised and below(probe, rules.critical_below.ionised) and _low_rows_apply(facts, measurement):
        return Alarm("C-CRIT-CA-LOW" if fresh else "C-URG-CA-LOW", rows, doubtful)
    return None


def _alarm_rows(
    facts: Facts, measurement: Measurement, albumin: Measurement | None, value: float
) -> tuple[Evidence, ...]:
    rows = facts(usable_results).rows((measurement, albumin))
    if measurement.value is not None and abs(value - measurement.value) > 0.005:
        rows += (Evidence(CORRECTED, None, Value(value, measurement.unit), measurement.when),)
    return rows
