"""Numbers, units and dates in both languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cds.reasoning.chart import Moment
from cds.reasoning.conclusions import Value
from tests.unit.cards.cases import deck

EN = deck().tongues["en"].formats
FR = deck().tongues["fr"].formats


@pytest.mark.parametrize(
    ("value", "en", "fr"),
    [
        (Value(3.7, "mmol/L", 2), "3.70", "3,70"),
        (Value(1179, "ng/L", 0), "1179", "1179"),
        (Value(4, "ng/L", 0, "<"), "&lt; 4", "&lt; 4"),
        (Value(90, "", 1, ">="), "≥ 90.0", "≥ 90,0"),
        (Value(0.5, "", 1, "<="), "≤ 0.5", "≤ 0,5"),
        (Value(400, "", 0, ">"), "&gt; 400", "&gt; 400"),
    ],
)
def test_numbers(value: Value, en: str, fr: str) -> None:
    assert (EN.number(value), FR.number(value)) == (en, fr)


@pytest.mark.parametrize(
    ("written", "en", "fr"),
    [
        ("2026-03-09", "9 Mar 2026", "09/03/2026"),
        ("2026-03", "Mar 2026", "03/2026"),
        ("2026", "2026", "2026"),
        ("2026-03-09T08:05:00+01:00", "9 Mar 2026 08:05", "09/03/2026 08:05"),
        ("2026-03-09T00:00:00Z", "9 Mar 2026", "09/03/2026"),
        ("last week", "7 Mar 2026", "07/03/2026"),
        ("2026-19-09", "9  2026", "09/19/2026"),
    ],
)
def test_dates_are_as_precise_as_they_were_written(written: str, en: str, fr: str) -> None:
    when = Moment(datetime(2026, 3, 7, tzinfo=UTC), written)
    assert (EN.date(when), FR.date(when)) == (en, fr)


def test_no_date() -> None:
    assert EN.date(None) == ""


@pytest.mark.parametrize(
    ("ucum", "en", "fr"),
    [
        ("mL/min/{1.73_m2}", "mL/min/1.73 m²", "mL/min/1,73 m²"),
        ("umol/L", "µmol/L", "µmol/L"),
        ("mmol/L", "mmol/L", "mmol/L"),
        ("1", "", ""),
        ("<b>|", "&#60;b&#62;&#124;", "&#60;b&#62;&#124;"),
    ],
)
def test_units(ucum: str, en: str, fr: str) -> None:
    assert (EN.unit(ucum), FR.unit(ucum)) == (en, fr)
