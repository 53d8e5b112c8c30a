"""Values as they are found in a resource: a number with its unit, or words (LAB-1, LAB-3)."""

from __future__ import annotations

from typing import Final

from cds.fhir.resources import Quantity, Ratio
from cds.fhir.values import Comparator, comparator, number, shown

__all__ = ["NO_VALUE", "UCUM", "Value", "of_quantity", "of_ratio", "of_words", "said"]

UCUM: Final = frozenset(("http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"))
"""The names of the code system of units."""

Value = tuple[float | None, Comparator | None, str, str, str, str]
"""Number, comparator, UCUM code, unit, words in lower case, as written. Number or words, or neither; a comparator None
proves nothing."""

NO_VALUE: Final[Value] = (None, "", "", "", "", "")


def of_quantity(quantity: Quantity) -> Value:
    """What `quantity`, which has a value, says."""
    value = quantity.value
    code = quantity.code or ""
    unit = quantity.unit or code
    ucum = code if quantity.system in UCUM else ""
    sign = comparator(quantity.comparator) if quantity.comparator is not None else ""
    if isinstance(value, str):
        parsed = number(value)
        if parsed is None or (unit and parsed.unit and parsed.unit.lower() != unit.lower()):
            return said(f"{value} {unit}")
        value = parsed.value
        sign = sign or parsed.comparator
        unit = unit or parsed.unit
    assert value is not None
    written = f"{sign}{shown(value)}" if sign else shown(value)
    return value, sign, ucum, unit, "", f"{written} {unit}" if unit else written


def of_words(text: str) -> Value:
    """A number in words, or else the words."""
    parsed = number(text)
    if parsed is None:
        return said(text)
    return parsed.value, parsed.comparator, "", parsed.unit, "", " ".join(text.split())


def of_ratio(ratio: Ratio) -> Value:
    """A ratio in words, as titres are given: "1:640"."""
    if ratio.numerator is None or ratio.denominator is None:
        return NO_VALUE
    return said(f"{_plain(ratio.numerator)}:{_plain(ratio.denominator)}")


def said(text: str) -> Value:
    """Words."""
    written = " ".join(text.split())
    return None, "", "", "", written.lower(), written


def _plain(quantity: Quantity) -> str:
    value = quantity.value
    text = shown(value) if isinstance(value, float) else (value or "")
    return f"{text} {quantity.unit}" if quantity.unit else text
