"""Laboratory values into their canonical unit, or a reason why not (LAB-1, LAB-2).

A unit that cannot be read, or a value that cannot be, makes the result missing. Nothing is ever rescaled by guessing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

from cds.fhir.terminology import Terminology
from cds.reasoning.knowledge.laboratory import LaboratoryChapter, LaboratoryTest, Swap, Unit, spelled

__all__ = ["Converted", "Refused", "RefusedReason", "Units"]

RefusedReason = Literal["unit-missing", "unit-unknown", "implausible", "looks-like-mg-dl", "looks-like-mmol-l"]


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


_MISSING = Refused("unit-missing")
_UNKNOWN = Refused("unit-unknown")
_IMPLAUSIBLE = Refused("implausible")


class _Compiled(NamedTuple):
    """One test, ready for look-ups by (unit as `spelled`, what is weighed)."""

    unit: str
    units: Mapping[tuple[str, str], Unit]
    plausible: tuple[float, float] | None
    swaps: tuple[Swap, ...]
    extremes: tuple[float | None, float | None]
    """The lowest lower and the highest upper limit of normal in adults."""


class Units:
    """Conversion for every test of rules/laboratory.yaml. Immutable."""

    def __init__(self, chapter: LaboratoryChapter, terminology: Terminology) -> None:
        """`terminology` knows which LOINC code weighs urea and which its nitrogen."""
        self._tests = {test.id: _compiled(test) for test in chapter.tests}
        self._analytes = {
            code.loinc: code.analyte for lab in terminology.labs for code in terminology.lab_codes(lab) if code.analyte
        }
        self._spelled: dict[str, str] = {}

    def convert(self, lab: str, value: float, ucum_code: str, unit_text: str, loinc: str) -> Converted | Refused:
        """`value` of the test `lab` in its canonical unit.

        `ucum_code` is `Quantity.code` where its system is UCUM, "" otherwise; `unit_text` is what else the quantity
        says of its unit, and is only read without a code (LAB-1). KeyError for a test that is not in the chapter.
        """
        test = self._tests[lab]
        unit = self._unit(test, ucum_code, unit_text, loinc)
        if isinstance(unit, Refused):
            return unit
        doubt: Literal["", "phosphate-swap"] = ""
        for swap in test.swaps:
            if unit.ucum == swap.labelled and swap.holds(value):
                if swap.unless is None:
                    return Refused(swap.reason)
                doubt = "phosphate-swap"
        converted = value * unit.factor
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
        unit = self._unit(test, ucum_code, unit_text, loinc)
        given = [limit for limit in (low, high) if limit is not None]
        if isinstance(unit, Refused) or not given or not all(map(math.isfinite, given)):
            return None, None
        if any(unit.ucum == swap.labelled and swap.holds(limit) for swap in test.swaps for limit in given):
            return None, None
        ours = test.extremes[high is not None]
        if ours and not 0.1 <= given[-1] * unit.factor / ours <= 10:
            return None, None
        return (None if low is None else low * unit.factor), (None if high is None else high * unit.factor)

    def _unit(self, test: _Compiled, ucum_code: str, unit_text: str, loinc: str) -> Unit | Refused:
        written = ucum_code or unit_text
        key = self._spelled.get(written)
        if key is None:
            key = self._remember(written)
        found = test.units.get((key, "")) or test.units.get((key, self._analytes.get(loinc, "")))
        return found or (_UNKNOWN if key else _MISSING)

    def _remember(self, written: str) -> str:
        key = spelled(written)
        if len(self._spelled) < 1024:
            self._spelled[written] = key
        return key


def _compiled(test: LaboratoryTest) -> _Compiled:
    units = {(spelling, unit.pair): unit for unit in test.units for spelling in unit.spellings}
    sexes = [test.reference.of(sex) for sex in ("male", "female", None)] if test.reference else []
    lower = [each.lower for each in sexes if each.lower is not None]
    upper = [each.upper for each in sexes if each.upper is not None]
    extremes = (min(lower) if lower else None, max(upper) if upper else None)
    return _Compiled(test.unit, units, test.plausible, test.swap, extremes)
