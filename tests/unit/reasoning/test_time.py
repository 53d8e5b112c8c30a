"""How old a datum is: instants in hours, bare dates in calendar days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.reasoning.chart import Moment
from cds.reasoning.time import age_days, age_on, days_between, hours_between, within_hours, years_since
from tests.clock import NOW


def moment(written: str) -> Moment:
    padded = {4: "-01-01", 7: "-01"}.get(len(written), "")
    return Moment(datetime.fromisoformat(written + padded).replace(tzinfo=UTC), written)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("2026-03-02T09:59", 0),
        ("2026-03-01T23:59", 1),
        ("2026-03-01", 1),
        ("2026-02", 29),
        ("2026", 60),
        ("2026-03-03T09:00", 0),
    ],
)
def test_age_in_calendar_days(written: str, days: int) -> None:
    assert age_days(NOW, moment(written)) == days


def test_years_have_365_and_a_quarter_days() -> None:
    assert years_since(NOW, moment("2016-03-02")) == pytest.approx(3652 / 365.25)


@pytest.mark.parametrize(
    ("earlier", "later", "hours"),
    [
        ("2026-03-01T08:00", "2026-03-02T08:00", 24),
        ("2026-03-02T08:00", "2026-03-01T08:00", -24),
        ("2026-03-01T23:00", "2026-03-02", 24),
        ("2026-03-01", "2026-03-02T23:00", 24),
        ("2026-03-02", "2026-03-02T23:00", 0),
        ("2026-02", "2026-03", 28 * 24),
    ],
)
def test_hours_need_a_time_on_both_sides(earlier: str, later: str, hours: float) -> None:
    assert hours_between(moment(earlier), moment(later)) == hours


@pytest.mark.parametrize(
    ("written", "hours", "within"),
    [
        ("2026-02-27T10:00", 72, True),
        ("2026-02-27T09:59", 72, False),
        ("2026-02-27", 72, True),
        ("2026-02-26", 72, False),
        ("2026-03-03T09:00", 72, True),
    ],
)
def test_within_hours(written: str, hours: float, within: bool) -> None:
    assert within_hours(NOW, moment(written), hours) is within


instants = (
    st.integers(0, 10**7)
    .map(lambda minutes: NOW - timedelta(minutes=minutes))
    .map(lambda instant: Moment(instant, instant.isoformat()))
)


@given(instants, instants)
def test_between_does_not_depend_on_the_order(one: Moment, other: Moment) -> None:
    assert days_between(one, other) == days_between(other, one)
    assert hours_between(one, other) == -hours_between(other, one)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (None, date(2026, 1, 1), None),
        (date(2000, 2, 29), date(2018, 2, 28), 17),
        (date(2000, 2, 29), date(2018, 3, 1), 18),
        (date(2026, 1, 2), date(2026, 1, 1), 0),
    ],
)
def test_age_on_a_day(born: date | None, day: date, age: float | None) -> None:
    assert age_on(born, day) == age
