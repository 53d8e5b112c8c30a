"""CAL-4: when a calcium is an alarm, whatever the class is. The alarm value never feeds the class."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec.structs import replace

from cds.reasoning.calcium import (
    CORRECTED,
    adjusted,
    albumin_near,
    is_doubtful,
    kidneys_allow_correction,
)
from cds.reasoning.chart import Measurement
from cds.reasoning.conclusions import Evidence, Value
from cds.reasoning.facts import Facts
from cds.reasoning.laboratory import Laboratory, above, below
from cds.reasoning.patient import is_pregnant
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days, within_hours

__all__ = ["Alarm", "alarm"]

Card = Literal["C-CRIT-CA-HIGH", "C-CRIT-CA-LOW", "C-URG-CA", "C-URG-CA-LOW"]


class Alarm(NamedTuple):
    """A row of CAL-4 that applies."""

    card: Card
    evidence: tuple[Evidence, ...]
    confirm_first: bool
    """The value is unreliable or unverified: an ionised calcium first."""


def alarm(facts: Facts) -> Alarm | None:
    """CAL-4 for the newest value. A value refused by LAB-2 is not there any more and never fires."""
    results = facts(usable_results)
    ionised = results.numeric("calcium-ionised")
    total = _newest_total(results)
    if total is None or (ionised is not None and ionised.when.day >= total.when.day):
        return None if ionised is None else _of_ionised(facts, ionised)
    found = _high_total(facts, total)
    if found is not None:
        return found
    if facts(is_pregnant):
        # The low rows read only ionised calcium, and so does everything but a high total.
        return None if ionised is None else _of_ionised(facts, ionised)
    return _low_total(facts, total)


def _newest_total(results: Laboratory) -> Measurement | None:
    both = [results.numeric("calcium-total"), results.numeric("calcium-corrected")]
    known = [each for each in both if each is not None]
    return max(known, key=lambda each: each.when.at, default=None)


def _of_ionised(facts: Facts, ionised: Measurement) -> Alarm | None:
    rules = facts.knowledge.minerals.alarm
    rows = facts(usable_results).rows((ionised,))
    if above(ionised, rules.urgent_from.ionised):
        critical = above(ionised, rules.critical_above.ionised) is True
        return _fired(facts, ionised, rows, "high", critical=critical, confirm=False)
    if below(ionised, rules.critical_below.ionised) and _low_rows_apply(facts, ionised):
        return _fired(facts, ionised, rows, "low", critical=True, confirm=False)
    return None


def _high_total(facts: Facts, total: Measurement) -> Alarm | None:
    """The greater of total and adjusted calcium, whatever the albumin."""
    rules = facts.knowledge.minerals.alarm
    value = total.value or 0.0
    rows = facts(usable_results).rows((total,))
    candidates = [(value, rows)]
    albumin = albumin_near(facts, total)
    if albumin is not None and total.lab == "calcium-total":
        corrected = adjusted(facts, value, albumin)
        candidates.append((corrected, _adjusted_rows(facts, total, albumin, corrected)))
    for each in facts(usable_results).around("calcium-corrected", total.when, days=0):
        if each.value is not None:
            candidates.append((each.value, (*rows, *facts(usable_results).rows((each,)))))
    highest, rows = max(candidates, key=lambda each: each[0])
    probe = replace(total, value=highest)
    if below(probe, rules.urgent_from.total) is not False:
        return None
    critical = above(probe, rules.critical_above.total) is True
    return _fired(facts, total, rows, "high", critical=critical, confirm=is_doubtful(facts, total))


def _low_total(facts: Facts, total: Measurement) -> Alarm | None:
    """A total under the limit; critical unless a low albumin explains it (PIT-25)."""
    rules = facts.knowledge.minerals.alarm
    limit = rules.critical_below.total
    if not below(total, limit) or not _low_rows_apply(facts, total):
        return None
    albumin = albumin_near(facts, total)
    if (
        albumin is not None
        and total.lab == "calcium-total"
        and below(albumin, rules.adjust_low_when_albumin_below)
        and kidneys_allow_correction(facts)
    ):
        value = adjusted(facts, total.value or 0.0, albumin)
        rows = _adjusted_rows(facts, total, albumin, value)
    else:
        value, rows = total.value or 0.0, facts(usable_results).rows((total, albumin))
    critical = below(replace(total, value=value), limit) is True
    return _fired(facts, total, rows, "low", critical=critical, confirm=is_doubtful(facts, total))


def _low_rows_apply(facts: Facts, measurement: Measurement) -> bool:
    """Under one year only a value that the laboratory itself calls critically low counts."""
    return facts.age is None or facts.age >= 1 or measurement.interpretation == "LL"


def _fired(
    facts: Facts,
    measurement: Measurement,
    rows: tuple[Evidence, ...],
    side: Literal["high", "low"],
    *,
    critical: bool,
    confirm: bool,
) -> Alarm | None:
    """The row of the table for the age of the value; none when it is stale."""
    rules = facts.knowledge.minerals.alarm
    if age_days(facts.now, measurement.when) > rules.stale_days:
        return None
    now = critical and within_hours(facts.now, measurement.when, rules.fresh_hours)
    if side == "high":
        return Alarm("C-CRIT-CA-HIGH" if now else "C-URG-CA", rows, confirm)
    return Alarm("C-CRIT-CA-LOW" if now else "C-URG-CA-LOW", rows, confirm)


def _adjusted_rows(facts: Facts, total: Measurement, albumin: Measurement, value: float) -> tuple[Evidence, ...]:
    rows = facts(usable_results).rows((total, albumin))
    return (*rows, Evidence(CORRECTED, None, Value(value, total.unit), total.when))
