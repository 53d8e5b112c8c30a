"""Numbers as laboratories write them: "2.31", "<0.5 mmol/L", "1,25", "≥ 90", "250 000 /mm3" (LAB-3, ACC-4)."""

from __future__ import annotations

import math
import re
from typing import Final, Literal, NamedTuple

__all__ = ["Comparator", "Number", "comparator", "number", "shown"]

Comparator = Literal["", "<", "<=", ">", ">="]

_COMPARATORS: Final[dict[str, Comparator]] = {
    "": "", "=": "", "<": "<", "<=": "<=", "≤": "<=", "=<": "<=", ">": ">", ">=": ">=", "≥": ">=", "=>": ">=",
}  # fmt: skip
_NUMBER: Final = re.compile(
    r"""\s*(?P<comparator><=|>=|=<|=>|[<>=≤≥])?\s*
    (?P<number>[+-]?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?)
    \s*(?P<unit>(?:[^\W\d_]|[%\[{/]|10[*^]|°).{0,30}?)?
    (?:\s+(?:HH?|LL?|N|\*)|\s*[(\[](?:HH?|LL?|N|\*)[)\]])?\s*""",
    re.VERBOSE,
)
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_FLAGS: Final = frozenset(("H", "HH", "L", "LL", "N"))
_LONGEST: Final = 64


class Number(NamedTuple):
    """A number in words: what it is compared with, its value, and the words after it."""

    comparator: Comparator
    value: float
    unit: str


def comparator(code: str | None) -> Comparator | None:
    """`Quantity.comparator`; None for one that says neither below nor above."""
    return _COMPARATORS.get(code.strip()) if code else ""


def number(text: str) -> Number | None:
    """The one number that `text` consists of; None for words, titres, ranges, and "1,250", which may be either."""
    if len(text) > _LONGEST:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    digits = found["number"]
    if _THOUSANDS.fullmatch(digits):
        return None
    value = float(re.sub(r"\s", "", digits).replace(",", "."))
    if not math.isfinite(value):
        return None
    unit = (found["unit"] or "").strip()
    return Number(_COMPARATORS[found["comparator"] or ""], value, "" if unit in _FLAGS else unit)


def shown(value: float) -> str:
    """A number for people, without digits that no laboratory means."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
