"""The schema of rules/minerals.yaml: fixed cut-offs of calcium, phosphate and PTH (CAL, LAB-4, MET-0, ANOM)."""

from __future__ import annotations

from typing import Literal

from cds.reasoning.knowledge.reading import Dashed, Ruled, Strict

__all__ = ["Grade", "Grounds", "MineralsChapter"]

Grade = Literal["S", "G", "L", "E"]
"""Stated in the source document; guideline; literature; expert decision made for this service."""


class Grounds(Strict):
    """Where a cut-off comes from: tags of rules/sources.yaml and the grade."""

    tags: tuple[str, ...] = ()
    grade: Grade


class Span(Dashed):
    from_: float
    to: float


class TotalAndIonised(Strict):
    total: float
    ionised: float


class Choice(Ruled):
    ionised_days: int
    ionised_hours: float
    source: Grounds


class Unreliable(Ruled):
    albumin_below: float
    albumin_above: float
    egfr_below: float
    near_limit: float
    albumin_days: int
    total_protein_below: float
    source: Grounds


class Correction(Ruled):
    per_gram: float
    reference_albumin: float
    albumin: Span
    albumin_hours: float
    egfr_at_least: float
    source: Grounds


class Product(Ruled):
    raised: float
    very_high: float
    days: int
    source: Grounds


class Alarm(Ruled):
    fresh_hours: float
    stale_days: int
    critical_above: TotalAndIonised
    urgent_from: TotalAndIonised
    critical_below: TotalAndIonised
    adjust_low_when_albumin_below: float
    source: Grounds


class Edta(Dashed):
    calcium_below: float
    potassium_above: float


class Pseudo(Ruled):
    ionised_hours_before: float
    ionised_days_after: int
    globulins_above: float
    platelets_above: float
    albumin_above: float
    edta: Edta
    source: Grounds


class Verified(Ruled):
    ionised_once_above: float
    ionised_above_own_limit_by: float
    apart_hours: float
    days: int
    single_from: float
    history_years: float
    grade: Grade


class Phosphate(Ruled):
    high_once_above: float
    egfr_below: float
    grade: Grade


class Pth(Ruled):
    suppressed_below: float
    paired_days: int
    anomaly_multiple: float
    source: Grounds


class MineralsChapter(Dashed):
    """rules/minerals.yaml."""

    choice: Choice
    unreliable: Unreliable
    correction: Correction
    product: Product
    alarm: Alarm
    pseudo: Pseudo
    verified: Verified
    phosphate: Phosphate
    pth: Pth
