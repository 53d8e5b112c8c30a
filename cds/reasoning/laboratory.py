"""Laboratory results of one chart: which are usable, how old, above or below what, high or low (ACC-5, LAB-3, LAB-5, 6).

A result that is not usable is missing, never normal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from cds.reasoning.chart import Chart, Measurement
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.laboratory import LaboratoryChapter
from cds.reasoning.time import age_days

__all__ = ["CURRENT", "RECENT", "Laboratory", "Status", "above", "below"]

Status = Literal["high", "normal", "low", "unknown"]

CURRENT = 90
"""ACC-5: days within which a mineral result is current."""
RECENT = 365
"""ACC-5: days after which a mineral result is stale."""


def above(measurement: Measurement, limit: float) -> bool | None:
    """Whether the true value lies above `limit`; None where a comparator leaves it open (LAB-3)."""
    value = measurement.value
    if value is None:
        return None
    match measurement.comparator:
        case "":
            return value > limit
        case ">":
            return True if value >= limit else None
        case ">=":
            return True if value > limit else None
        case "<":
            return False if value <= limit else None
        case "<=":
            return False if value <= limit else None


def below(measurement: Measurement, limit: float) -> bool | None:
    """Whether the true value lies below `limit`; None where a comparator leaves it open (LAB-3)."""
    value = measurement.value
    if value is None:
        return None
    match measurement.comparator:
        case "":
            return value < limit
        case "<":
            return True if value <= limit else None
        case "<=":
            return True if value < limit else None
        case ">":
            return False if value >= limit else None
        case ">=":
            return False if value >= limit else None


class Laboratory:
    """The results of one chart, newest first.

    `refuse` names results that a rule takes away (LAB-2 phosphate, LAB-4 EDTA): they are missing from then on.
    Preliminary results establish nothing; `preliminary` keeps them for the alarms.
    """

    def __init__(
        self,
        chart: Chart,
        now: datetime,
        chapter: LaboratoryChapter,
        *,
        sex: Literal["male", "female"] | None,
        age: float | None,
    ) -> None:
        self._now = now
        self._chapter = chapter
        self._sex = sex
        self._age = age
        self._by_lab: dict[str, list[Measurement]] = {}
        self.preliminary: list[Measurement] = []
        for measurement in chart.measurements:
            if measurement.preliminary:
                self.preliminary.append(measurement)
            else:
                self._by_lab.setdefault(measurement.lab, []).append(measurement)
        for results in self._by_lab.values():
            if len(results) > 1:
                results.sort(key=_newest_first)
        self.refused: list[tuple[Measurement, str]] = []

    def refuse(self, measurement: Measurement, reason: str) -> None:
        """Take a result away, for everybody who asks from now on."""
        self._by_lab[measurement.lab].remove(measurement)
        self.refused.append((measurement, reason))

    def all(self, lab: str, *, days: int | None = None) -> list[Measurement]:
        """Every usable result of `lab`, newest first; with `days` only those at most so old."""
        results = self._by_lab.get(lab, [])
        return results if days is None else [each for each in results if self.age(each) <= days]

    def latest(
        self, lab: str, *, days: int = RECENT, where: Callable[[Measurement], bool] | None = None
    ) -> Measurement | None:
        """The newest usable result at most `days` old."""
        for each in self._by_lab.get(lab, ()):
            if self.age(each) > days:
                return None
            if where is None or where(each):
                return each
        return None

    def numeric(self, lab: str, *, days: int = RECENT) -> Measurement | None:
        """The newest usable result that is a number."""
        return self.latest(lab, days=days, where=_is_number)

    def age(self, measurement: Measurement) -> int:
        """Days."""
        return age_days(self._now, measurement.when)

    def is_recent(self, measurement: Measurement) -> bool:
        """91 to 365 days old: used, but a class that rests on it is capped (ACC-5)."""
        return CURRENT < self.age(measurement) <= RECENT

    def limits(self, measurement: Measurement) -> tuple[float | None, float | None]:
        """Lower and upper reference limit (LAB-5): the laboratory's own, else those of rules/laboratory.yaml."""
        if measurement.low is not None or measurement.high is not None:
            return measurement.low, measurement.high
        age = None if self._age is None else int(self._age)
        interval = self._chapter.limits(measurement.lab, age, self._sex)
        return (interval.lower, interval.upper) if interval is not None else (None, None)

    def upper_limit(self, measurement: Measurement) -> float | None:
        return self.limits(measurement)[1]

    def status(self, measurement: Measurement | None) -> Status:
        """high, normal, low or unknown (LAB-6). A result in words counts by its words or its interpretation."""
        if measurement is None:
            return "unknown"
        if measurement.value is None:
            return _worded_status(measurement)
        low, high = self.limits(measurement)
        if low is None and high is None:
            return "unknown"
        over = None if high is None else above(measurement, high)
        under = False if low is None else below(measurement, low)
        if over:
            return "high"
        if under:
            return "low"
        if over is None or under is None:
            return "unknown"
        return "normal"

    def label(self, lab: str) -> Text:
        """What the test is called."""
        term = self._chapter.test(lab).term
        return Text(term.en, term.fr)

    def evidence(self, measurement: Measurement, remark: Text | None = None) -> Evidence:
        """A row of the table for a result: canonical value where there is a number, else its words."""
        value: Value | str
        if measurement.value is None:
            value = measurement.words or measurement.written
        else:
            digits = self._chapter.test(measurement.lab).digits
            value = Value(measurement.value, measurement.unit, digits, measurement.comparator)
        return Evidence(self.label(measurement.lab), measurement.source, value, measurement.when, remark)

    def rows(self, measurements: Iterable[Measurement | None]) -> tuple[Evidence, ...]:
        """Evidence of those that are there."""
        return tuple(self.evidence(each) for each in measurements if each is not None)


def _newest_first(measurement: Measurement) -> tuple[float, str, str, str]:
    # The order of equal dates must not depend on the order of the request (invariant 7).
    return -measurement.when.instant.timestamp(), measurement.source.id, measurement.loinc, measurement.written


def _is_number(measurement: Measurement) -> bool:
    return measurement.value is not None


_WORDS: dict[str, Status] = {
    "normal": "normal",
    "normale": "normal",
    "high": "high",
    "elevated": "high",
    "raised": "high",
    "eleve": "high",
    "élevé": "high",
    "élevée": "high",
    "low": "low",
    "bas": "low",
    "basse": "low",
}
_INTERPRETATIONS: dict[str, Status] = {
    "N": "normal",
    "H": "high",
    "HH": "high",
    "HU": "high",
    "L": "low",
    "LL": "low",
    "LU": "low",
}


def _worded_status(measurement: Measurement) -> Status:
    return _INTERPRETATIONS.get(measurement.interpretation) or _WORDS.get(measurement.words, "unknown")


def usable_results(facts: Facts) -> Laboratory:
    """The laboratory results of the chart, without those of a contaminated tube (LAB-4, EDTA)."""
    laboratory = Laboratory(facts.chart, facts.now, facts.knowledge.laboratory, sex=facts.sex, age=facts.age)
    rules = facts.knowledge.minerals.pseudo.edta
    for calcium in list(laboratory.all("calcium-total")):
        if below(calcium, rules.calcium_below) and any(
            above(each, rules.potassium_above) for each in _same_sample(laboratory, "potassium", calcium)
        ):
            enzymes = _same_sample(laboratory, "alp", calcium)
            if any(laboratory.status(each) == "low" for each in enzymes):
                laboratory.refuse(calcium, "edta-contamination")
    return laboratory


def _same_sample(laboratory: Laboratory, lab: str, like: Measurement) -> list[Measurement]:
    return [each for each in laboratory.all(lab) if each.when.instant == like.when.instant]
