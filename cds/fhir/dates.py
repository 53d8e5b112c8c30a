"""FHIR dates and instants become moments: an aware UTC instant, and how it was written (ACC-4).

A partial date counts as its first moment. A time without a zone is taken as UTC: FHIR forbids it, senders do it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from cds.reasoning.chart import Moment

__all__ = ["TOLERATED", "Dates", "first_day"]

TOLERATED: Final = timedelta(hours=24)
"""How far in the future a date may lie (ACC-4): clocks and time zones differ."""

_YEAR_MONTH: Final = re.compile(r"\d{4}(-\d{2})?")
_FRACTION: Final = re.compile(r"\.\d+")
_LONGEST: Final = 40


class Dates:
    """Reads the dates of one chart, each distinct text once."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)
        self.latest = self.now + TOLERATED
        self.read = _Moments()
        """`read[text]`: the moment that `text` says, None when it is no date."""

    def moment(self, *texts: str | None) -> Moment | None:
        """The moment of the first of `texts` that is a date."""
        for text in texts:
            if text:
                moment = self.read[text]
                if moment is not None:
                    return moment
        return None

    def in_future(self, moment: Moment | None) -> bool:
        """Whether `moment` lies more than 24 h ahead (ACC-4)."""
        return moment is not None and moment.instant > self.latest

    def past(self, moment: Moment | None) -> Moment | None:
        """`moment`, unless it lies in the future."""
        return None if self.in_future(moment) else moment


class _Moments(dict[str, Moment | None]):
    """Moments by text."""

    def __missing__(self, text: str) -> Moment | None:
        moment = self[text] = _moment(text)
        return moment


def first_day(text: str | None) -> date | None:
    """The first day of a FHIR date, which may be a year or a month only."""
    moment = _moment(text) if text else None
    return moment.instant.date() if moment else None


def _moment(text: str) -> Moment | None:
    written = text.strip()
    if len(written) > _LONGEST:
        return None
    try:
        instant = _instant(written)
        if instant.tzinfo is not UTC:
            instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Moment(instant, written)


def _instant(written: str) -> datetime:
    if len(written) <= len("2026-01"):
        if not _YEAR_MONTH.fullmatch(written):
            raise ValueError(written)
        year, _, month = written.partition("-")
        return datetime(int(year), int(month or 1), 1, tzinfo=UTC)
    if written[4] != "-":
        raise ValueError(written)
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        # A fraction of a second of any length is allowed by FHIR, not by every Python.
        return datetime.fromisoformat(_FRACTION.sub("", written, count=1))
