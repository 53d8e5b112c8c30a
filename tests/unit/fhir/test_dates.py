"""Dates and instants (ACC-4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cds.fhir.dates import Dates, first_day
from cds.reasoning.chart import Moment
from tests.unit.fhir.resources_by_hand import NOW

MOMENTS = [
    ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
    ("2026-02", datetime(2026, 2, 1, tzinfo=UTC)),
    ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC)),
    ("2026-02-03T10:20:30Z", datetime(2026, 2, 3, 10, 20, 30, tzinfo=UTC)),
    ("2026-02-03T10:20:30+02:00", datetime(2026, 2, 3, 8, 20, 30, tzinfo=UTC)),
    ("2026-02-03T10:20:30.5Z", datetime(2026, 2, 3, 10, 20, 30, 500_000, tzinfo=UTC)),
    ("2026-02-03T10:20:30.1234567890Z", datetime(2026, 2, 3, 10, 20, 30, tzinfo=UTC)),
    ("2026-02-03T10:20:30", datetime(2026, 2, 3, 10, 20, 30, tzinfo=UTC)),
]
NO_DATES = [
    "",
    "last year",
    "20260203",
    "2026-13",
    "2026-02-30",
    "2026-1",
    "0000",
    "0001-01-01T00:00:00+14:00",
    "2" * 50,
    None,
]


@pytest.mark.parametrize(("text", "instant"), MOMENTS)
def test_the_first_moment_of_a_date(text: str, instant: datetime) -> None:
    moment = Dates(NOW).moment(f" {text} ")
    assert moment is not None
    assert abs(moment.instant - instant) < timedelta(seconds=1)
    assert moment.instant.tzinfo is UTC
    assert moment.written == text


@pytest.mark.parametrize("text", NO_DATES)
def test_no_date(text: str | None) -> None:
    assert Dates(NOW).moment(text) is None


def test_the_first_text_that_is_a_date_counts() -> None:
    moment = Dates(NOW).moment(None, "soon", "2026-02", "2025")
    assert moment == Moment(datetime(2026, 2, 1, tzinfo=UTC), "2026-02")


def test_the_future_begins_after_a_day() -> None:
    dates = Dates(NOW)
    tomorrow, later = dates.moment("2026-03-03T10:00:00Z"), dates.moment("2026-03-03T10:00:01Z")
    assert [dates.in_future(each) for each in (tomorrow, later, None)] == [False, True, False]
    assert dates.past(tomorrow) == tomorrow
    assert dates.past(later) is None


def test_first_day() -> None:
    assert [first_day(each) for each in ("1950", "1950-07", "1950-07-09", "?", None)] == [
        date(1950, 1, 1), date(1950, 7, 1), date(1950, 7, 9), None, None,
    ]  # fmt: skip
