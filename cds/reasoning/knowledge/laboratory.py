"""The chapter rules/laboratory.yaml: units, limits and look-back windows of each laboratory test (LAB-1 to LAB-5, ACC-5).

Numbers are in the canonical unit of their test unless a unit stands beside them; ages are completed years, windows days.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Strict

__all__ = [
    "AgeLimit",
    "Interval",
    "LaboratoryChapter",
    "LaboratoryTest",
    "LookBack",
    "Reference",
    "Swap",
    "SwapReason",
    "Unit",
    "spelled",
]

Sex = Literal["male", "female"]
SwapReason = Literal["looks-like-mg-dl", "looks-like-mmol-l"]


_MICRO = re.compile(r"(?<![a-z])mc(?=(?:mol|g|kat|iu)(?![a-z]))")
"""What is written where a handwritten µ could be misread."""


def spelled(unit: str) -> str:
    """A unit as it compares with others: the signs for micro ("mc" is one), case, spaces, comma or point and ² don't
    matter (LAB-1)."""
    folded = unicodedata.normalize("NFKC", unit).lower().replace("μ", "u").replace(",", ".")
    return _MICRO.sub("u", "".join(folded.split()))


class Interval(Strict):
    """Limits of normal. `low` and `high` are the outermost normal values; `from` is a lower limit without an upper one,
    `below` the first value that is too high."""

    low: float | None = None
    high: float | None = None
    from_: float | None = Field(default=None, alias="from")
    below: float | None = None

    @cached_property
    def lower(self) -> float | None:
        """The lower limit of normal; None where a low value means nothing."""
        return self.low if self.low is not None else self.from_

    @cached_property
    def upper(self) -> float | None:
        """The upper limit of normal (ULN); None where a high value means nothing."""
        return self.high if self.high is not None else self.below

    def is_low(self, value: float) -> bool:
        """Whether `value` is under normal."""
        return self.lower is not None and value < self.lower

    def is_high(self, value: float) -> bool:
        """Whether `value` is over normal."""
        return (self.high is not None and value > self.high) or (self.below is not None and value >= self.below)


class Reference(Interval):
    """Limits for adults, by sex where they differ (LAB-5)."""

    male: Interval | None = None
    female: Interval | None = None

    @model_validator(mode="after")
    def _either(self) -> Reference:
        common = any(limit is not None for limit in (self.low, self.high, self.from_, self.below))
        by_sex = self.male is not None and self.female is not None
        if common == by_sex or (self.male is None) != (self.female is None):
            raise ValueError("give limits for everybody, or for male and female")
        return self

    def of(self, sex: Sex | None) -> Interval:
        """The limits for `sex`; with an unknown sex only what is abnormal in both sexes is abnormal."""
        if self.male is None or self.female is None:
            return self
        if sex is not None:
            return self.male if sex == "male" else self.female
        return _widest(self.male, self.female)


def _widest(one: Interval, other: Interval) -> Interval:
    return Interval.model_validate(
        {
            "low": _outermost(min, one.low, other.low),
            "from": _outermost(min, one.from_, other.from_),
            "high": _outermost(max, one.high, other.high),
            "below": _outermost(max, one.below, other.below),
        }
    )


def _outermost(pick: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else pick(one, other)


class Swap(Strict):
    """A value that looks as if it were in the other unit (LAB-2): `from` and `to` belong to it, `above` does not."""

    labelled: str
    from_: float | None = Field(default=None, alias="from")
    to: float | None = None
    above: float | None = None
    reason: SwapReason
    unless: Literal["severe-kidney-disease"] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Swap:
        if (self.above is None) == (self.from_ is None or self.to is None):
            raise ValueError("give `from` and `to`, or `above`")
        return self

    def holds(self, value: float) -> bool:
        """Whether `value`, in the unit `labelled`, looks like the other unit."""
        if self.above is not None:
            return value > self.above
        return self.from_ is not None and self.to is not None and self.from_ <= value <= self.to


class LookBack(Strict):
    """Days during which a result counts (ACC-5)."""

    current: int = Field(gt=0)
    recent: int | None = Field(default=None, gt=0)

    @property
    def longest(self) -> int:
        """Days after which a result is stale."""
        return self.recent or self.current


class Unit(Strict):
    """value x factor = value in the canonical unit."""

    ucum: str
    text: tuple[str, ...] = ()
    factor: float = Field(gt=0)
    pair: str = ""
    """Only where the LOINC code says that this is weighed: "urea" or "urea-nitrogen" (LAB-1)."""

    @property
    def spellings(self) -> frozenset[str]:
        """Every way to write it, as `spelled` compares them."""
        return frozenset(map(spelled, (self.ucum, *self.text)))


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError("the lower end comes first")
    return pair


class LaboratoryTest(Strict):
    """One laboratory test or measurement."""

    id: str
    term: Text
    unit: str
    digits: int = Field(ge=0, le=3)
    reference: Reference | None = None
    reference_in_renal_failure: Interval | None = Field(default=None, alias="reference-in-renal-failure")
    assay: bool = False
    plausible: Annotated[tuple[float, float], AfterValidator(_ordered)] | None = None
    swap: tuple[Swap, ...] = ()
    look_back: LookBack | None = Field(default=None, alias="look-back")
    units: tuple[Unit, ...] = ()
    qualitative: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> LaboratoryTest:
        known: set[tuple[str, str]] = set()
        for unit in self.units:
            for spelling in unit.spellings:
                if (spelling, unit.pair) in known:
                    raise ValueError(f"the unit '{spelling}' stands twice")
                known.add((spelling, unit.pair))
        if self.units and not any(unit.ucum == self.unit and unit.factor == 1 for unit in self.units):
            raise ValueError(f"the canonical unit '{self.unit}' is missing from the units")
        unknown = {swap.labelled for swap in self.swap} - {unit.ucum for unit in self.units}
        if unknown:
            raise ValueError(f"'{min(unknown)}' is none of the units")
        return self


class AgeLimit(Strict):
    """An upper limit between two ages in completed years, both included; by sex where it differs."""

    from_: int = Field(alias="from", ge=0)
    to: int
    high: float | None = None
    male: float | None = None
    female: float | None = None

    @model_validator(mode="after")
    def _either(self) -> AgeLimit:
        if (self.high is None) == (self.male is None or self.female is None):
            raise ValueError("give `high`, or `male` and `female`")
        return self

    def of(self, sex: Sex | None) -> float:
        """The limit for `sex`; the higher one when the sex is unknown."""
        if self.high is not None:
            return self.high
        assert self.male is not None
        assert self.female is not None
        return {"male": self.male, "female": self.female, None: max(self.male, self.female)}[sex]


class LaboratoryChapter(Strict):
    """rules/laboratory.yaml."""

    phosphate_limits_of_children: tuple[AgeLimit, ...] = Field(alias="phosphate-limits-of-children")
    no_adult_limits_for_children: frozenset[str] = Field(alias="no-adult-limits-for-children")
    no_limits_for_infants: frozenset[str] = Field(alias="no-limits-for-infants")
    tests: tuple[LaboratoryTest, ...]

    @model_validator(mode="after")
    def _consistent(self) -> LaboratoryChapter:
        ids = [test.id for test in self.tests]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' stands twice")
        unknown = (self.no_adult_limits_for_children | self.no_limits_for_infants) - set(ids)
        if unknown:
            raise ValueError(f"'{min(unknown)}' is no laboratory test")
        return self

    @cached_property
    def by_id(self) -> dict[str, LaboratoryTest]:
        """The tests by `lab_id`."""
        return {test.id: test for test in self.tests}

    def test(self, lab: str) -> LaboratoryTest:
        """The test `lab`; KeyError when there is none."""
        return self.by_id[lab]

    def limits(self, lab: str, age: int | None, sex: Sex | None) -> Interval | None:
        """The limits to use where the laboratory sends none, None where nothing is known to be normal (LAB-5).

        `age` in completed years; an unknown age counts as adult.
        """
        test = self.by_id[lab]
        if age is not None and age < 1 and lab in self.no_limits_for_infants:
            return None
        if age is not None and age < 18 and lab in self.no_adult_limits_for_children:
            return self._phosphate_of_child(age, sex) if lab == "phosphate" else None
        return test.reference.of(sex) if test.reference else None

    def _phosphate_of_child(self, age: int, sex: Sex | None) -> Interval | None:
        for limit in self.phosphate_limits_of_children:
            if limit.from_ <= age <= limit.to:
                return Interval(high=limit.of(sex))
        return None
