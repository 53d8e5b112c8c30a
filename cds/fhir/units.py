"""Laboratory values into their canonical unit, or a reason why not (LAB-1, LAB-2).

A unit that cannot be read, or a value that cannot be, makes the result missing. Nothing is ever rescaled by guessing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from cds.fhir.terminology import Terminology
from cds.fhir.written import Remembered
from cds.reasoning.knowledge.laboratory import LaboratoryChapter, LaboratoryTest, Swap, Unit, spelled

__all__ = ["Converted", "Refused", "RefusedReason", "Scale", "Scales", "Units"]

RefusedReason = Literal["unit-missing", "unit-unknown", "implausible", "looks-like-mg-dl", "looks-like-mmol-l"]


_MOST: Final = 1e6
"""Greater numbers are always judged, and shown, with care."""
_ROUNDING: Final = 1e-9
"""What conversion to and fro may lose, generously."""


class Converted(NamedTuple):
    """A value in the canonical unit of its test."""

    value: float
    unit: str
    doubt: Literal["", "phosphate-swap"] = ""
    """"phosphate-swap": not to be used unless eGFR is under 30 or the patient is on dialysis; it then is
    `looks-like-mg-dl` (LAB-2). Only reasoning knows."""


class Refused(NamedTuple):
    """The result is missing, and why."""

    reason: RefusedReason


class Scale(msgspec.Struct, frozen=True, gc=False):
    """How the values of one test are read that are written in one unit."""

    refused: Refused | None
    """Why none of them can be read."""
    unit: str
    """The canonical unit of the test."""
    ucum: str
    """This unit."""
    factor: float
    """value x factor = value in the canonical unit."""
    low: float
    high: float
    """The open interval of values, as written, against which nothing can be said. Those outside may be right as well:
    each is judged (`Units.convert`)."""


class Scales(Remembered[str, Scale]):
    """The scales of one test by unit as it is written: the UCUM code where there is one, else whatever stands there."""


class _Compiled(NamedTuple):
    """One test, ready for look-ups by (unit as `spelled`, what is weighed)."""

    unit: str
    units: Mapping[tuple[str, str], Unit]
    plausible: tuple[float, float] | None
    swaps: tuple[Swap, ...]
    extremes: tuple[float | None, float | None]
    """The lowest lower and the highest upper limit of normal in adults."""

    def scale(self, written: str, analyte: str) -> Scale:
        """The scale for a unit as it is written, when `analyte` is what the LOINC code weighs."""
        key = spelled(written)
        unit = self.units.get((key, "")) or self.units.get((key, analyte))
        if unit is None:
            return _UNKNOWN if key else _MISSING
        return Scale(None, self.unit, unit.ucum, unit.factor, *_beyond_doubt(unit, self))


class Units:
    """Conversion for every test of rules/laboratory.yaml. Immutable but for the spellings that it remembers."""

    def __init__(self, chapter: LaboratoryChapter, terminology: Terminology) -> None:
        """`terminology` knows which LOINC code weighs urea and which its nitrogen."""
        self._tests = {test.id: _compiled(test) for test in chapter.tests}
        self._plain = {lab: _scales(test, "") for lab, test in self._tests.items()}
        self.scales: Mapping[str, Scales] = {
            code.loinc: _scales(self._tests[lab], code.analyte) if code.analyte else self._plain[lab]
            for lab in terminology.labs
            if lab in self._tests
            for code in terminology.lab_codes(lab)
            if not code.ignored
        }
        """By LOINC code of a test whose results may be used."""

    def convert(self, lab: str, value: float, ucum_code: str, unit_text: str, loinc: str) -> Converted | Refused:
        """`value` of the test `lab` in its canonical unit.

        `ucum_code` is `Quantity.code` where its system is UCUM, "" otherwise; `unit_text` is what else the quantity
        says of its unit, and is only read without a code (LAB-1). KeyError for a test that is not in the chapter.
        """
        test = self._tests[lab]
        scale = self._scale(lab, loinc, ucum_code or unit_text)
        if scale.refused is not None:
            return scale.refused
        doubt: Literal["", "phosphate-swap"] = ""
        for swap in test.swaps:
            if scale.ucum == swap.labelled and swap.holds(value):
                if swap.unless is None:
                    return Refused(swap.reason)
                doubt = "phosphate-swap"
        converted = value * scale.factor
        if not math.isfinite(converted) or (test.plausible and not test.plausible[0] <= converted <= test.plausible[1]):
            return _IMPLAUSIBLE
        return Converted(converted, test.unit, doubt)

    def limits(
        self, lab: str, low: float | None, high: float | None, ucum_code: str, unit_text: str, loinc: str
    ) -> tuple[float | None, float | None]:
        """A laboratory's own reference range in the canonical unit, (None, None) where it does not fit (LAB-5).

        It fits when its unit can be read, no limit looks like the other unit, and its upper limit (its lower one, where
        there is no upper one) is of the same order of magnitude as ours: at most ten times as much, at least a tenth.
        """
        test = self._tests[lab]
        scale = self._scale(lab, loinc, ucum_code or unit_text)
        given = [limit for limit in (low, high) if limit is not None]
        if scale.refused is not None or not given or not all(map(math.isfinite, given)):
            return None, None
        if any(scale.ucum == swap.labelled and swap.holds(limit) for swap in test.swaps for limit in given):
            return None, None
        ours = test.extremes[high is not None]
        if ours and not 0.1 <= given[-1] * scale.factor / ours <= 10:
            return None, None
        return (None if low is None else low * scale.factor), (None if high is None else high * scale.factor)

    def _scale(self, lab: str, loinc: str, written: str) -> Scale:
        return self.scales.get(loinc, self._plain[lab])[written]


_IMPLAUSIBLE: Final = Refused("implausible")
_MISSING: Final = Scale(Refused("unit-missing"), "", "", math.nan, math.inf, -math.inf)
_UNKNOWN: Final = Scale(Refused("unit-unknown"), "", "", math.nan, math.inf, -math.inf)


def _scales(test: _Compiled, analyte: str) -> Scales:
    return Scales(lambda written: test.scale(written, analyte), most=128, keep=lambda written: len(written) <= 64)


def _beyond_doubt(unit: Unit, test: _Compiled) -> tuple[float, float]:
    """An open interval of values in `unit` that are plausible, and look like no other unit (LAB-2).

    Of two such intervals, below and above the values that do look like another unit, the wider one.
    """
    least, most = test.plausible or (-_MOST, _MOST)
    low, high = max(least / unit.factor, -_MOST), min(most / unit.factor, _MOST)
    low, high = low + abs(low) * _ROUNDING, high - abs(high) * _ROUNDING
    for swap in test.swaps:
        if swap.labelled != unit.ucum:
            continue
        if swap.above is not None:
            high = min(high, swap.above)
        elif swap.from_ is not None and swap.to is not None:
            low, high = max((low, min(high, swap.from_)), (max(low, swap.to), high), key=lambda ends: ends[1] - ends[0])
    return low, high


def _compiled(test: LaboratoryTest) -> _Compiled:
    units = {(spelling, unit.pair): unit for unit in test.units for spelling in unit.spellings}
    sexes = [test.reference.of(sex) for sex in ("male", "female", None)] if test.reference else []
    lower = [each.lower for each in sexes if each.lower is not None]
    upper = [each.upper for each in sexes if each.upper is not None]
    extremes = (min(lower) if lower else None, max(upper) if upper else None)
    return _Compiled(test.unit, units, test.plausible, test.swap, extremes)
