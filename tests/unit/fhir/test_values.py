"""Numbers as laboratories write them (LAB-3)."""

from __future__ import annotations

import pytest

from cds.fhir.values import comparator, number, shown

NUMBERS = [
    ("2.31", "", 2.31, ""),
    ("<0.5 mmol/L", "<", 0.5, "mmol/L"),
    ("< 4 ng/L", "<", 4, "ng/L"),
    ("≥ 90", ">=", 90, ""),
    (">= 90 mL/min/1.73m2", ">=", 90, "mL/min/1.73m2"),
    ("1,25", "", 1.25, ""),
    ("0,250", "", 0.25, ""),
    ("12345,6", "", 12345.6, ""),
    ("250 000 /mm3", "", 250_000, "/mm3"),
    ("250\u202f000 /mm3", "", 250_000, "/mm3"),
    ("250 10*9/L", "", 250, "10*9/L"),
    ("2.31 mmol/L (H)", "", 2.31, "mmol/L"),
    ("2.31 mmol/L H", "", 2.31, "mmol/L"),
    ("12(L)", "", 12, ""),
    ("12 N", "", 12, ""),
    ("250 G/L", "", 250, "G/L"),
    ("1e3", "", 1000, ""),
    ("-5", "", -5, ""),
    ("4.5mg/dL", "", 4.5, "mg/dL"),
]
NO_NUMBERS = [
    "",
    "<",
    "normal",
    "1:640",
    "10-20",
    "5 - 6",
    "1.2.3",
    "3+",
    "1,250",
    "1e400",
    "voir commentaire",
    "9" * 65,
]


@pytest.mark.parametrize(("text", "sign", "value", "unit"), NUMBERS)
def test_a_number_in_words(text: str, sign: str, value: float, unit: str) -> None:
    assert number(text) == (sign, value, unit)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_words_titres_ranges_and_the_ambiguous_are_no_number(text: str) -> None:
    assert number(text) is None


def test_a_comparator_that_proves_nothing_is_none() -> None:
    assert [comparator(each) for each in (None, "", "<", "<=", "≤", ">", ">=", "ad")] == [
        "",
        "",
        "<",
        "<=",
        "<=",
        ">",
        ">=",
        None,
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(5.0, "5"), (2.31, "2.31"), (177.3817125546523, "177.382"), (1e20, "1e+20")]
)
def test_shown(value: float, text: str) -> None:
    assert shown(value) == text
