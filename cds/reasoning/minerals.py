"""Phosphate, PTH, and the metabolic anomaly (ANOM): what besides calcium makes a disorder of calcium-phosphate metabolism."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.calcium import assess_calcium, calcium_rows
from cds.reasoning.chart import Measurement
from cds.reasoning.conclusions import Evidence
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import RECENT, Status, above, below, usable_results
from cds.reasoning.time import days_between

__all__ = [
    "Anomaly",
    "Phosphate",
    "Pth",
    "assess_anomaly",
    "assess_phosphate",
    "assess_pth",
    "product",
]

Pairing = Literal["suppressed", "not-suppressed", "unknown"]
AnomalyKind = Literal["hypercalcaemia", "phosphate", "pth", "low-calcium-high-phosphate"]


class Phosphate(NamedTuple):
    """The newest phosphate, and whether a high one counts as an anomaly."""

    status: Status
    measurement: Measurement | None
    anomaly: bool
    """High on two samples, or once where once is enough, and not haemolysed (ANOM)."""
    highs: tuple[Measurement, ...]
    haemolysed: bool


class Pth(NamedTuple):
    """The newest PTH of the last year, and the one that is paired with a high calcium (ACC-5)."""

    status: Status
    measurement: Measurement | None
    multiple: float | None
    """Of the upper limit of normal; None when not a plain number."""
    paired: Pairing
    pair: Measurement | None


class Anomaly(NamedTuple):
    """ANOM: which disorders of calcium-phosphate metabolism are measured."""

    kinds: frozenset[AnomalyKind]
    evidence: tuple[Evidence, ...]

    @property
    def present(self) -> bool:
        return bool(self.kinds)


def assess_phosphate(facts: Facts) -> Phosphate:
    """Status of the newest phosphate; two high samples, or one where one is enough."""
    laboratory = facts(usable_results)
    rules = facts.knowledge.minerals.phosphate
    _refuse_swapped(facts)
    measurement = laboratory.latest("phosphate")
    status = laboratory.status(measurement)
    if measurement is None or status != "high":
        return Phosphate(status, measurement, False, (), False)
    haemolysed = any(said.term == "haemolysed" for said in facts.language.concepts(measurement.note))
    days: dict[int, Measurement] = {}
    for each in laboratory.all("phosphate", days=RECENT):
        if laboratory.status(each) == "high":
            days.setdefault(each.when.instant.toordinal(), each)
    adult = facts.age is None or facts.age >= 18
    once_is_enough = (
        facts(assess_kidney).dialysis
        or facts(assess_kidney).egfr_below(rules.egfr_below) is True
        or (adult and above(measurement, rules.high_once_above) is True)
    )
    anomaly = not haemolysed and (once_is_enough or len(days) > 1)
    return Phosphate(status, measurement, anomaly, tuple(days.values()), haemolysed)


def _refuse_swapped(facts: Facts) -> None:
    """LAB-2: phosphate labelled mmol/L above 3.0 without eGFR < 30 or dialysis looks like mg/dL."""
    rules = facts.knowledge.minerals.phosphate
    kidney, laboratory = facts(assess_kidney), facts(usable_results)
    if kidney.dialysis or kidney.egfr_below(rules.egfr_below):
        return
    for each in list(laboratory.all("phosphate")):
        if each.doubt == "phosphate-swap" and above(each, rules.swap_above):
            laboratory.refuse(each, "looks-like-mg-dl")


def assess_pth(facts: Facts) -> Pth:
    """PTH status, multiple of the upper limit, and its meaning beside a high calcium."""
    laboratory = facts(usable_results)
    rules = facts.knowledge.minerals.pth
    measurement = laboratory.latest("pth-intact")
    multiple = None
    if measurement is not None and measurement.value is not None and not measurement.comparator:
        upper = laboratory.upper_limit(measurement)
        multiple = measurement.value / upper if upper else None
    pair = next(
        (
            each
            for each in laboratory.all("pth-intact", days=RECENT)
            if any(days_between(each.when, high) <= rules.paired_days for high in facts(assess_calcium).high_dates)
        ),
        None,
    )
    paired: Pairing = "unknown"
    if pair is not None:
        under = below(pair, rules.suppressed_below)
        paired = "suppressed" if under else "not-suppressed" if under is False else "unknown"
    return Pth(laboratory.status(measurement), measurement, multiple, paired, pair)


def assess_anomaly(facts: Facts) -> Anomaly:
    """ANOM, without the urine calcium, which counts only together with a cause."""
    results, kidney = facts(usable_results), facts(assess_kidney)
    calcium, phosphate, pth = facts(assess_calcium), facts(assess_phosphate), facts(assess_pth)
    kinds: set[AnomalyKind] = set()
    evidence: tuple[Evidence, ...] = ()
    if calcium.hypercalcaemia == "verified":
        kinds.add("hypercalcaemia")
        evidence += calcium_rows(calcium, facts)
    if phosphate.anomaly:
        kinds.add("phosphate")
        evidence += results.rows(phosphate.highs[:2])
    raised = pth.multiple is not None and pth.multiple > facts.knowledge.minerals.pth.anomaly_multiple
    if raised and (kidney.severe or kidney.moderate):
        kinds.add("pth")
        evidence += results.rows((pth.measurement,))
    if calcium.settled == "low" and phosphate.status == "high" and not phosphate.haemolysed:
        kinds.add("low-calcium-high-phosphate")
        evidence += (*calcium_rows(calcium, facts), *results.rows((phosphate.measurement,)))
    return Anomaly(frozenset(kinds), tuple(dict.fromkeys(evidence)))


def product(facts: Facts) -> tuple[float, Literal["", "raised", "very-high"]] | None:
    """Ca x P in mmol²/L² and its flag (CAL-3); None where no total calcium and phosphate of the same day are known."""
    rules = facts.knowledge.minerals.product
    sample = facts(assess_calcium).sample
    phosphate = facts(assess_phosphate).measurement
    if sample is None or phosphate is None or phosphate.value is None:
        return None
    value = sample.value
    if sample.kind == "ionised":
        same_day = [
            each.value
            for each in facts(usable_results).all("calcium-total")
            if each.value is not None and days_between(each.when, sample.when) == 0
        ]
        value = same_day[0] if same_day else None
    if value is None or days_between(sample.when, phosphate.when) > rules.days:
        return None
    result = value * phosphate.value
    return result, "very-high" if result >= rules.very_high else "raised" if result >= rules.raised else ""
