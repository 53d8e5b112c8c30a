"""A laboratory's own limits of normal, as Observation.referenceRange says them (LAB-5)."""

from __future__ import annotations

from typing import Final

import msgspec

from cds.fhir.codes import codes_and_words, status
from cds.fhir.quantities import NO_VALUE, of_quantity
from cds.fhir.resources import ReferenceRange
from cds.fhir.units import Units
from cds.fhir.written import Remembered, decoded

__all__ = ["Limits", "Ranges"]

Limits = tuple[float | None, float | None]
"""The lowest and the highest normal value in the canonical unit, None where there is none that fits."""

_Range = tuple[bytes, str, str, str]
"""The JSON text of the range, the unit in which the value is written, the laboratory test and its LOINC code."""

_RANGES: Final[msgspec.json.Decoder[list[ReferenceRange] | None]] = msgspec.json.Decoder(list[ReferenceRange] | None)
_LONGEST: Final = 1000


class Ranges(Remembered[_Range, Limits]):
    """The limits that were read so far. Raises Unreadable for text that is no reference range."""

    __slots__ = ()

    def __init__(self, units: Units) -> None:
        super().__init__(lambda key: _limits(*key, units), keep=lambda key: len(key[0]) <= _LONGEST)


def _limits(text: bytes, unit: str, lab: str, loinc: str, units: Units) -> Limits:
    """The limits in `text`, whose unit is that of the value unless they have one. Of several different ranges nobody
    says which one is this patient's."""
    given = set()
    for each in decoded(_RANGES, text) or ():
        kind = each.type or each.meaning
        if kind is None or "normal" in map(status, codes_and_words(kind)):
            low, high = (
                of_quantity(end) if end and end.value is not None else NO_VALUE for end in (each.low, each.high)
            )
            own = {(ucum, text) for number, _, ucum, text, _, _ in (low, high) if number is not None}
            if len(own) == 1:
                given.add((low[0], high[0], *own.pop()))
    if len(given) != 1:
        return None, None
    lowest, highest, ucum, words = given.pop()
    return units.limits(lab, lowest, highest, ucum, words or unit, loinc)
