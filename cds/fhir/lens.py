"""What one chart is read with: the clock, what codes mean, how units convert; and what had to be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from cds.fhir.codes import Codes
from cds.fhir.dates import Dates
from cds.fhir.references import ref
from cds.fhir.resources import SubjectResource
from cds.fhir.units import Units
from cds.reasoning.chart import Moment, NotUsed

__all__ = ["Lens", "Means", "status"]


class Means(NamedTuple):
    """What is the same for every chart."""

    codes: Codes
    units: Units
    interesting: Callable[[str], bool]
    """Whether words hold a term that a rule knows."""
    worded: frozenset[str]
    """Laboratory tests whose result may be words, such as "1:640"."""
    unit: Mapping[str, str]
    """The canonical unit of each laboratory test."""


class Lens:
    """One for each chart that is read."""

    __slots__ = ("codes", "dates", "five_years_ago", "interesting", "not_used", "now", "unit", "units", "worded")

    def __init__(self, means: Means, now: datetime) -> None:
        self.codes = means.codes
        self.units = means.units
        self.interesting = means.interesting
        self.worded = means.worded
        self.unit = means.unit
        self.dates = Dates(now)
        self.now = self.dates.now
        self.five_years_ago = _years_before(self.now, 5)
        """ACC-1: encounter diagnoses older than this are weak."""
        self.not_used: list[NotUsed] = []

    def refuse(
        self,
        resource: SubjectResource,
        reason: str,
        *,
        lab: str = "",
        written: str = "",
        when: Moment | None = None,
        named: tuple[str, ...] = (),
    ) -> None:
        """Say that `resource`, or a part of it, is no evidence."""
        self.not_used.append(NotUsed(str(ref(resource)), reason, lab, written, when, named))


def status(code: str | None) -> str:
    """A code of FHIR as it compares: stray blanks and case are forgiven."""
    return code.strip().lower() if code else ""


def _years_before(now: datetime, years: int) -> datetime:
    try:
        return now.replace(year=now.year - years)
    except ValueError:  # 29 February
        return now.replace(year=now.year - years, day=28)
