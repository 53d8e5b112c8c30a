"""Phosphate, PTH, and the metabolic anomaly (ANOM): what besides calcium makes a disorder of calcium-phosphate metabolism."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.calcium import calcium_rows
from cds.reasoning.chart import Measurement
from cds.reasoning.conclusions import Evidence
from cds.reasoning.laboratory import RECENT, Status, above, below
from cds.reasoning.time import days_between

if TYPE_CHECKING:
    from cds.reasoning.facts import Facts

__all__ = ["Anomaly", "Phosphate", "Pth", "assess_anomaly", "assess_phosphate", "assess_pth"]

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
    laboratory = facts.laboratory
    rules = facts.knowledge.minerals.phosphate
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
        facts.kidney.dialysis
        or facts.kidney.egfr_below(rules.egfr_below) is True
        or (adult and above(measurement, rules.high_once_above) is True)
    )
    anomaly = not haemolysed and (once_is_enough or len(days) > 1)
    return Phosphate(status, measurement, anomaly, tuple(days.values()), haemolysed)


def assess_pth(facts: Facts) -> Pth:
    """PTH status, multiple of the upper limit, and its meaning beside a high calcium."""
    laboratory = facts.laboratory
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
            if any(days_between(each.when, high) <= rules.paired_days for high in facts.calcium.high_dates)
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
    laboratory = facts.laboratory
    kinds: set[AnomalyKind] = set()
    evidence: tuple[Evidence, ...] = ()
    if facts.calcium.hypercalcaemia == "verified":
        kinds.add("hypercalcaemia")
        evidence += calcium_rows(facts.calcium, facts)
    if facts.phosphate.anomaly:
        kinds.add("phosphate")
        evidence += laboratory.rows(facts.phosphate.highs[:2])
    raised = facts.pth.multiple is not None and facts.pth.multiple > facts.knowledge.minerals.pth.anomaly_multiple
    if raised and (facts.kidney.severe or facts.kidney.moderate):
        kinds.add("pth")
        evidence += laboratory.rows((facts.pth.measurement,))
    if facts.calcium.settled == "low" and facts.phosphate.status == "high" and not facts.phosphate.haemolysed:
        kinds.add("low-calcium-high-phosphate")
        evidence += (*calcium_rows(facts.calcium, facts), *laboratory.rows((facts.phosphate.measurement,)))
    return Anomaly(frozenset(kinds), tuple(dict.fromkeys(evidence)))
