"""Phosphate, PTH, and the metabolic anomaly (ANOM): what besides calcium makes a disorder of calcium-phosphate metabolism."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.calcium import Sample, assess_calcium, calcium_rows
from cds.reasoning.chart import Measurement, Moment
from cds.reasoning.conclusions import Evidence
from cds.reasoning.facts import ADULT, Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import RECENT, Status, above, below
from cds.reasoning.results import usable_results
from cds.reasoning.time import days_between, hours_between

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
    raised: bool | None
    """More than twice the upper limit of normal (ANOM), also by "> 2500"; None when open."""
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
    results = facts(usable_results)
    rules = facts.knowledge.minerals.phosphate
    measurement = results.graded("phosphate")
    status = results.status(measurement)
    if measurement is None or status != "high":
        return Phosphate(status, measurement, False, (), False)
    highs = tuple(
        each
        for each in results.all("phosphate", days=RECENT)
        if results.status(each) == "high" and not _is_haemolysed(facts, each)
    )
    adult = facts.age is None or facts.age >= ADULT
    kidney = facts(assess_kidney)
    once_is_enough = bool(highs) and (
        kidney.egfr_below(rules.egfr_below) is True or (adult and above(highs[0], rules.high_once_above) is True)
    )
    twice = bool(highs) and hours_between(highs[-1].when, highs[0].when) > 0
    return Phosphate(status, measurement, once_is_enough or twice, highs, _is_haemolysed(facts, measurement))


def _is_haemolysed(facts: Facts, measurement: Measurement) -> bool:
    return any(said.term == "haemolysed" for said in facts.language.concepts(measurement.note))


def assess_pth(facts: Facts) -> Pth:
    """PTH status, multiple of the upper limit, and its meaning beside a high calcium."""
    laboratory = facts(usable_results)
    rules = facts.knowledge.minerals.pth
    measurement = laboratory.graded("pth-intact")
    upper = None if measurement is None else laboratory.upper_limit(measurement)
    multiple = raised = None
    if measurement is not None and upper:
        raised = above(measurement, rules.anomaly_multiple * upper)
        if measurement.value is not None and not measurement.comparator:
            multiple = measurement.value / upper
    pair = next(
        (
            each
            for each in laboratory.all("pth-intact", days=RECENT)
            if each.value is not None
            and any(days_between(each.when, high) <= rules.paired_days for high in facts(assess_calcium).high_dates)
        ),
        None,
    )
    paired: Pairing = "unknown"
    if pair is not None:
        under = below(pair, rules.suppressed_below)
        paired = "suppressed" if under else "not-suppressed" if under is False else "unknown"
    return Pth(laboratory.status(measurement), measurement, multiple, raised, paired, pair)


def assess_anomaly(facts: Facts) -> Anomaly:
    """ANOM, without the urine calcium, which counts only together with a cause."""
    results, kidney = facts(usable_results), facts(assess_kidney)
    calcium, phosphate, pth = facts(assess_calcium), facts(assess_phosphate), facts(assess_pth)
    kinds: set[AnomalyKind] = set()
    evidence: tuple[Evidence, ...] = ()
    if calcium.hypercalcaemia == "verified":
        kinds.add("hypercalcaemia")
        evidence += facts(calcium_rows)
    if phosphate.anomaly:
        kinds.add("phosphate")
        evidence += results.rows(phosphate.highs[:2])
    if pth.raised and (kidney.severe or kidney.moderate):
        kinds.add("pth")
        evidence += results.rows((pth.measurement,))
    if calcium.settled == "low" and phosphate.status == "high" and not phosphate.haemolysed:
        kinds.add("low-calcium-high-phosphate")
        evidence += (*facts(calcium_rows), *results.rows((phosphate.measurement,)))
    return Anomaly(frozenset(kinds), tuple(dict.fromkeys(evidence)))


def product(facts: Facts) -> tuple[float, Literal["", "raised", "very-high"]] | None:
    """Ca x P in mmol²/L² and its flag (CAL-3); None where no total calcium and phosphate of the same day are known."""
    rules = facts.knowledge.minerals.product
    sample = facts(assess_calcium).sample
    if sample is None:
        return None
    value = _total_of(facts, sample)
    phosphate = _nearest_plain(facts, "phosphate", sample.when, days=rules.days)
    if value is None or phosphate is None:
        return None
    result = value * phosphate
    return result, "very-high" if result >= rules.very_high else "raised" if result >= rules.raised else ""


def _total_of(facts: Facts, sample: Sample) -> float | None:
    """The calcium chosen by CAL-1, never ionised: beside an ionised value the total of the same day."""
    if sample.kind == "ionised":
        return _nearest_plain(facts, "calcium-total", sample.when, days=0)
    return None if sample.measurement.comparator else sample.value


def _nearest_plain(facts: Facts, lab: str, when: Moment, *, days: int) -> float | None:
    """The number of `lab` nearest to `when`; a comparator enters no formula (LAB-3)."""
    around = facts(usable_results).around(lab, when, days=days)
    known = [(each.when, each.value) for each in around if each.value is not None and not each.comparator]
    return min(known, key=lambda each: abs(hours_between(each[0], when)))[1] if known else None
