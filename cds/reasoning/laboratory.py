"""Laboratory results of one chart: which are usable, how old, above or below what, high or low (ACC-5, LAB-3, LAB-5, 6).

A result that is not usable is missing, never normal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Literal

from cds.reasoning.chart import Chart, Measurement, Moment, Reason
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import ADULT, Facts
from cds.reasoning.knowledge.laboratory import Interval, LaboratoryChapter
from cds.reasoning.time import age_on

__all__ = [
    "CURRENT",
    "RECENT",
    "Laboratory",
    "Status",
    "above",
    "below",
    "newest_first",
    "reported_results",
    "says_something",
]

Status = Literal["high", "normal", "low", "unknown"]

CURRENT = 90
"""ACC-5: days within which a mineral result is current."""
RECENT = 365
"""ACC-5: days after which a mineral result is stale."""
_SURELY_ADULT = ADULT * 366
"""Days of a life: whoever is so old is past the birthday, and nobody has to look into the calendar."""


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
        case _:
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
        case _:
            return False if value >= limit else None


class Laboratory:
    """The results of one chart, newest first. Preliminary results establish nothing and are left out (ACC-4)."""

    def __init__(self, chart: Chart, now: datetime, chapter: LaboratoryChapter) -> None:
        self._today = now.toordinal()
        self._chapter = chapter
        self._sex = chart.patient.sex
        self._born = chart.patient.born
        self._grown_up = 0 if self._born is None else self._born.toordinal() + _SURELY_ADULT
        by_lab: dict[str, list[Measurement]] = defaultdict(list)
        for measurement in chart.measurements:
            by_lab[measurement.lab].append(measurement)
        self._by_lab: Mapping[str, list[Measurement]] = by_lab
        # Most tests of a chart nobody asks for: those that are, are put in order at the first question.
        self._ordered: dict[str, list[Measurement]] = {}
        self._known_limits: dict[tuple[str, int | None], Interval | None] = {}
        # Many rules ask the same of the same few results. By identity, for a result is dear to hash; it stands beside
        # the answer, so that no other one can take its place in memory.
        self._rows: dict[int, tuple[Measurement, Evidence]] = {}
        self._limits: dict[int, tuple[Measurement, tuple[float | None, float | None]]] = {}
        self.refused: tuple[tuple[Measurement, Reason], ...] = ()
        """Results that a rule took away (LAB-2 phosphate, LAB-4 EDTA), and why."""

    def without(self, refused: Mapping[Measurement, Reason]) -> Laboratory:
        """The same results without those refused, each with its reason."""
        rest = copy(self)
        rest._by_lab = {lab: [each for each in results if each not in refused] for lab, results in self._by_lab.items()}
        rest._ordered = {}
        rest.refused = tuple(refused.items())
        return rest

    def _results(self, lab: str) -> list[Measurement]:
        """The final results of one test, newest first."""
        results = self._ordered.get(lab)
        if results is None:
            results = self._ordered[lab] = newest_first(self.unordered(lab))
        return results

    def unordered(self, lab: str) -> list[Measurement]:
        """Every usable result of `lab`, for whoever looks for something rare: putting them in order has its price."""
        return [each for each in self._by_lab.get(lab, ()) if not each.preliminary]

    def all(self, lab: str, *, days: int | None = None) -> list[Measurement]:
        """Every usable result of `lab`, newest first; with `days` only those at most so old."""
        results = self._results(lab)
        return results if days is None else results[: self._until(results, self._today - days)]

    def _until(self, results: list[Measurement], day: int) -> int:
        """How many of `results`, newest first, were drawn on `day` or later."""
        return bisect_right(results, -day, key=_newness)

    def around(self, lab: str, when: Moment, *, days: int) -> list[Measurement]:
        """Every usable result of `lab` at most `days` calendar days before or after `when`, newest first."""
        results = self._results(lab)
        return results[self._until(results, when.day + days + 1) : self._until(results, when.day - days)]

    def latest(
        self, lab: str, *, days: int = RECENT, where: Callable[[Measurement], bool] | None = None
    ) -> Measurement | None:
        """The newest usable result at most `days` old."""
        oldest = self._today - days
        for each in self._results(lab):
            if each.when.day < oldest:
                return None
            if where is None or where(each):
                return each
        return None

    def numeric(self, lab: str, *, days: int = RECENT) -> Measurement | None:
        """The newest usable result that is a number."""
        return self.latest(lab, days=days, where=_is_number)

    def graded(self, lab: str, *, days: int = RECENT) -> Measurement | None:
        """The newest usable result that is a number, or words that say high, normal or low (ACC-4)."""
        return self.latest(lab, days=days, where=says_something)

    def age(self, measurement: Measurement) -> int:
        """Days."""
        return max(self._today - measurement.when.day, 0)

    def is_recent(self, measurement: Measurement) -> bool:
        """91 to 365 days old: used, but a class that rests on it is capped (ACC-5)."""
        return CURRENT < self.age(measurement) <= RECENT

    def limits(self, measurement: Measurement) -> tuple[float | None, float | None]:
        """Lower and upper reference limit (LAB-5): the laboratory's own, else those of rules/laboratory.yaml."""
        known = self._limits.get(id(measurement))
        if known is None:
            known = self._limits[id(measurement)] = measurement, self._find_limits(measurement)
        return known[1]

    def _find_limits(self, measurement: Measurement) -> tuple[float | None, float | None]:
        low, high = measurement.low, measurement.high
        if low is not None and high is not None:
            return low, high
        ours = self._ours(measurement)
        if ours is None:
            return low, high
        both = ours.lower if low is None else low, ours.upper if high is None else high
        crossed = both[0] is not None and both[1] is not None and both[0] >= both[1]
        return (low, high) if crossed else both

    def _ours(self, measurement: Measurement) -> Interval | None:
        """The limits of rules/laboratory.yaml for the patient's sex and age on the day of the sample."""
        key = measurement.lab, self._years(measurement.when)
        try:
            return self._known_limits[key]
        except KeyError:
            limits = self._known_limits[key] = self._chapter.limits(*key, self._sex)
            return limits

    def _years(self, when: Moment) -> int | None:
        """Completed years at that time; None for whoever has surely grown up, as for an unknown age."""
        if when.day >= self._grown_up:
            return None
        age = age_on(self._born, when.instant.date())
        assert age is not None  # who is of unknown age counts as grown up
        return int(age)

    def upper_limit(self, measurement: Measurement) -> float | None:
        return self.limits(measurement)[1]

    def status(self, measurement: Measurement | None) -> Status:
        """high, normal, low or unknown (LAB-6). A result in words counts by its words or its interpretation.

        Normal needs both limits, or a limit that nobody has because values on that side mean nothing.
        """
        if measurement is None:
            return "unknown"
        if measurement.value is None:
            return _worded_status(measurement)
        low, high = self.limits(measurement)
        over = self._unlimited(measurement, "upper") if high is None else self._over(measurement, high)
        under = self._unlimited(measurement, "lower") if low is None else below(measurement, low)
        if over:
            return "high"
        if under:
            return "low"
        return "unknown" if over is None or under is None else "normal"

    def _over(self, measurement: Measurement, limit: float) -> bool | None:
        """Above `limit`, or at it where ours is the first value that is too high."""
        ours = self._ours(measurement) if measurement.high is None else None
        if ours is None or ours.high is not None:
            return above(measurement, limit)
        under = below(measurement, limit)
        return None if under is None else not under

    def _unlimited(self, measurement: Measurement, side: Literal["lower", "upper"]) -> Literal[False] | None:
        """Without a limit nothing is too high or too low where no limit exists, and unknown where we lack it."""
        if self._chapter.test(measurement.lab).reference is None:
            return False if measurement.low is not None or measurement.high is not None else None
        ours = self._ours(measurement)
        limit = 0.0 if ours is None else ours.lower if side == "lower" else ours.upper
        return False if limit is None else None

    def label(self, lab: str) -> Text:
        """What the test is called."""
        return self._chapter.test(lab).term

    def evidence(self, measurement: Measurement, remark: Text | None = None) -> Evidence:
        """A row of the table for a result: canonical value where there is a number, else its words."""
        known = self._rows.get(id(measurement))
        if known is None:
            known = self._rows[id(measurement)] = measurement, self._row(measurement)
        return known[1] if remark is None else known[1]._replace(remark=remark)

    def _row(self, measurement: Measurement) -> Evidence:
        test = self._chapter.test(measurement.lab)
        value: Value | str
        if measurement.value is None:
            value = measurement.words or measurement.as_written()
        else:
            value = Value(measurement.value, measurement.unit, test.digits, measurement.comparator)
        return Evidence(test.term, measurement.source, value, measurement.when)

    def rows(self, measurements: Iterable[Measurement | None]) -> tuple[Evidence, ...]:
        """Evidence of those that are there."""
        return tuple(self.evidence(each) for each in measurements if each is not None)


def _newness(measurement: Measurement) -> int:
    return -measurement.when.day


def newest_first(results: list[Measurement]) -> list[Measurement]:
    """In the order of their times; equal ones in an order that does not depend on that of the request (invariant 7)."""
    if len(results) < 2:
        return results
    placed = {(-each.when.at, each.source.id): each for each in results}
    if len(placed) == len(results):
        return [placed[place] for place in sorted(placed)]
    return sorted(results, key=lambda each: (-each.when.at, each.source.id, each.loinc, each.as_written()))


def _is_number(measurement: Measurement) -> bool:
    return measurement.value is not None


def says_something(measurement: Measurement) -> bool:
    """A number, or words that say high, normal or low; a comment instead of a result hides no older result."""
    return measurement.value is not None or _worded_status(measurement) != "unknown"


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


def reported_results(facts: Facts) -> Laboratory:
    """Every final laboratory result of the chart. What may be used of it: `cds.reasoning.results`."""
    return Laboratory(facts.chart, facts.now, facts.knowledge.laboratory)
