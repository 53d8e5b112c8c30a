"""What one chart is read with: the clock, what codes mean, how units convert; and what had to be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from cds.fhir.codes import Codes
from cds.fhir.dates import Dates
from cds.fhir.ranges import Ranges
from cds.fhir.references import ref
from cds.fhir.resources import SubjectResource
from cds.fhir.units import Units
from cds.fhir.written import Unreadable
from cds.reasoning.chart import Moment, NotUsed, Reason

__all__ = ["Lens", "Means"]

R = TypeVar("R", bound=SubjectResource)
D = TypeVar("D")


class Means(NamedTuple):
    """What is the same for every chart."""

    codes: Codes
    units: Units
    ranges: Ranges
    interesting: Callable[[str], bool]
    """Whether words hold a term that a rule knows."""
    worded: frozenset[str]
    """Laboratory tests whose result may be words, such as "1:640"."""
    unit: Mapping[str, str]
    """The canonical unit of each laboratory test."""


class Lens:
    """One for each chart that is read."""

    __slots__ = (
        "codes",
        "dates",
        "five_years_ago",
        "interesting",
        "latest",
        "not_used",
        "now",
        "ranges",
        "unit",
        "units",
        "worded",
    )

    def __init__(self, means: Means, now: datetime) -> None:
        self.codes = means.codes
        self.units = means.units
        self.ranges = means.ranges
        self.interesting = means.interesting
        self.worded = means.worded
        self.unit = means.unit
        self.dates = Dates(now)
        self.now = self.dates.now
        self.latest = self.dates.latest
        self.five_years_ago = _years_before(self.now, 5)
        """ACC-1: encounter diagnoses older than this are weak."""
        self.not_used: list[NotUsed] = []

    def each(self, resources: Iterable[R], read: Callable[[R, Lens], D | None]) -> list[D]:
        """What `read` finds in `resources`. One that it cannot read never costs the others (invariant 8)."""
        found: list[D] = []
        for resource in resources:
            try:
                datum = read(resource, self)
            except Unreadable:
                self.refuse(resource, "unreadable")
                continue
            if datum is not None:
                found.append(datum)
        return found

    def refuse(
        self,
        resource: SubjectResource,
        reason: Reason,
        *,
        lab: str = "",
        written: str = "",
        when: Moment | None = None,
        named: tuple[str, ...] = (),
    ) -> None:
        """Say that `resource`, or a part of it, is no evidence."""
        self.not_used.append(NotUsed(str(ref(resource)), reason, lab, written, when, named))


def _years_before(now: datetime, years: int) -> datetime:
    try:
        return now.replace(year=now.year - years)
    except ValueError:  # 29 February
        return now.replace(year=now.year - years, day=28)
