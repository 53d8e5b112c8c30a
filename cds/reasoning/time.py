"""How old a datum is. Dates without a time of day count in calendar days; instants in hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from cds.reasoning.chart import Moment

__all__ = ["age_days", "age_on", "days_between", "hours_between", "within_hours", "years_since"]


def age_days(now: datetime, moment: Moment) -> int:
    """Whole calendar days (UTC) from `moment` to `now`; 0 for today and for the future that ACC-4 tolerates."""
    days = now.toordinal() - moment.day
    return days if days > 0 else 0


def age_on(born: date | None, day: date) -> float | None:
    """Age in completed years, a fraction in the first year; None when the date of birth is unknown."""
    if born is None:
        return None
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return float(years) if years >= 1 else max((day - born).days, 0) / 366


def days_between(a: Moment, b: Moment) -> int:
    """Calendar days between two moments, whichever is earlier."""
    return abs(a.day - b.day)


def hours_between(earlier: Moment, later: Moment) -> float:
    """Hours from `earlier` to `later`, negative when it is the other way round.

    When one of them is only a date, calendar days are all that is known: 24 h each.
    """
    if earlier.timed and later.timed:
        return (later.at - earlier.at) / _HOUR
    return 24.0 * (later.day - earlier.day)


_HOUR = 3_600_000_000
"""Microseconds."""


def within_hours(now: datetime, moment: Moment, hours: float) -> bool:
    """Whether `moment` lies at most `hours` before `now` (a bare date: that many calendar days)."""
    if moment.timed:
        return now - moment.instant <= timedelta(hours=hours)
    return 24.0 * (now.toordinal() - moment.day) <= hours


def years_since(now: datetime, moment: Moment) -> float:
    """Years of 365.25 days from `moment` to `now`."""
    return age_days(now, moment) / 365.25
