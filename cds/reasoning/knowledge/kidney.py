"""The schema of rules/kidney.yaml (REN-1 to REN-5)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cds.reasoning.knowledge.minerals import Grounds, Span
from cds.reasoning.knowledge.reading import Dashed, Ruled, Strict

__all__ = ["KidneyChapter"]

Category = Literal["G1", "G2", "G3a", "G3b", "G4", "G5"]


class BySex(Strict):
    female: float
    male: float


class CkdEpi2021(Ruled):
    factor: float
    kappa: BySex
    alpha: BySex
    slope: float
    age: float
    female: float
    umol_per_mg: float
    reported_codes: tuple[str, ...]
    sides: tuple[float, ...]
    source: Grounds


class Schwartz(Ruled):
    factor: float
    from_age: float
    height_days: int
    height_days_from_15_years: int
    categories_from_age: float
    source: Grounds


class Chronicity(Ruled):
    egfr_below: float
    apart_days: int
    search_days: int
    source: Grounds


class CategoryFrom(Dashed):
    name: Category
    from_: float


class Dialysis(Ruled):
    last_days: int
    first_days: int
    concepts: tuple[str, ...]


class Acute(Ruled):
    rise: float
    rise_hours: float
    ratio: float
    lowest_days: int
    median_days: Span
    stable_days: int
    stable_within: float
    source: Grounds


class KidneyChapter(Dashed):
    """rules/kidney.yaml."""

    equation: Literal["ckd-epi-2021", "reported"]
    ckd_epi_2021: CkdEpi2021 = Field(alias="ckd-epi-2021")
    schwartz: Schwartz
    chronicity: Chronicity
    value_days: int
    categories: tuple[CategoryFrom, ...]
    dialysis: Dialysis
    acute: Acute
