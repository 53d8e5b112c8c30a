"""Calcium: which value to believe, and whether a high one is verified (CAL-1, CAL-2, LAB-4, MET-0)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Literal, NamedTuple

from msgspec.structs import replace

from cds.reasoning.chart import Measurement, Moment
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import CURRENT, RECENT, above, below, says_something
from cds.reasoning.patient import is_pregnant, paraproteins
from cds.reasoning.recognition import recognise
from cds.reasoning.results import usable_results
from cds.reasoning.time import hours_between

__all__ = [
    "Calcium",
    "CalciumStatus",
    "Doubt",
    "Sample",
    "adjusted",
    "albumin_near",
    "assess_calcium",
    "calcium_rows",
    "is_doubtful",
    "kidneys_allow_correction",
    "totals",
]

CalciumStatus = Literal["high", "normal", "low", "unreliable", "unknown"]
Doubt = Literal["", "ionised-normal", "paraprotein", "platelets", "albumin"]
Hypercalcaemia = Literal["verified", "unverified", "history", "none"]

CORRECTED = Text("Calcium corrected for albumin", "Calcium corrigé par l'albumine")


class Sample(NamedTuple):
    """One calcium, as CAL-1 reads it."""

    status: CalciumStatus
    kind: Literal["ionised", "corrected", "total"]
    value: float | None
    """mmol/L; adjusted when `kind` is "corrected". None for a result in words."""
    measurement: Measurement
    albumin: Measurement | None = None
    """The albumin that entered the correction, or that made the total unreliable."""
    why: Text | None = None
    """Why it is unreliable, or why albumin matters."""
    albumin_unknown: bool = False

    @property
    def when(self) -> Moment:
        return self.measurement.when


def _is_reliable(sample: Sample) -> bool:
    """Says high, normal or low (ACC-6)."""
    return sample.status in ("high", "normal", "low")


class Calcium(NamedTuple):
    """What is known of the calcium."""

    status: CalciumStatus
    sample: Sample | None
    hypercalcaemia: Hypercalcaemia
    """MET-0: verified; high but unverified; history (past high values, ACC-6, D-15); none."""
    doubt: Doubt
    """LAB-4: why the newest high total may be spurious."""
    total: Measurement | None
    """The newest total (or laboratory-corrected) calcium, also where an ionised value was chosen."""
    high_dates: tuple[Moment, ...]
    """Dates of high samples of the last year, newest first."""
    history: tuple[Sample, ...] = ()
    """Past high samples that are history."""
    high: Sample | None = None
    """The high sample that MET-0 rests on: `sample`, or an older one where `sample` is unreliable."""

    @property
    def settled(self) -> CalciumStatus:
        """The status for CLS-1: an unverified high calcium is treated as unreliable (MET-0)."""
        return "unreliable" if self.status == "high" and self.hypercalcaemia != "verified" else self.status


def assess_calcium(facts: Facts) -> Calcium:
    """CAL-1, LAB-4 and MET-0 for one chart."""
    newest = next(iter(totals(facts, days=RECENT)), None)
    sample = _chosen(facts, _samples(facts, days=RECENT))
    if sample is None:
        history = _past_highs(facts)
        return Calcium("unknown", None, "history" if history else "none", "", newest, (), history)
    doubt = "" if newest is None else _doubt(facts, _total_sample(facts, newest))
    highs = _highs(facts, days=facts.knowledge.minerals.verified.days)
    found = Calcium(sample.status, sample, "none", doubt, newest, _dates((*highs, sample)))
    # MET-0 asks the newest reliable calcium: one that proves nothing contradicts nothing.
    judged = sample if _is_reliable(sample) else _chosen(facts, filter(_is_reliable, _samples(facts, days=RECENT)))
    if judged is not None and judged in highs and _is_verified(facts, highs):
        return found._replace(hypercalcaemia="verified", high=judged)
    if sample.status == "high":
        return found._replace(hypercalcaemia="unverified", high=sample)
    history = _past_highs(facts)
    return found._replace(hypercalcaemia="history" if history else "none", history=history)


def _dates(samples: Iterable[Sample]) -> tuple[Moment, ...]:
    """When they are high, newest first, one moment a day."""
    moments = sorted((each.when for each in samples if each.status == "high"), key=_age, reverse=True)
    return tuple(reversed({moment.day: moment for moment in moments}.values()))


def totals(facts: Facts, *, days: int) -> list[Measurement]:
    """Total calcium and the laboratory's corrected one, numbers and telling words, newest first."""
    results = facts(usable_results)
    found = chain(results.all("calcium-total", days=days), results.all("calcium-corrected", days=days))
    return sorted(filter(says_something, found), key=_newest_first)


def _newest_first(measurement: Measurement) -> tuple[int, bool, str]:
    return _age(measurement.when), measurement.lab == "calcium-total", measurement.source.id


def _age(moment: Moment) -> int:
    return -moment.at


def _samples(
    facts: Facts, *, days: int, where: Callable[[Facts, Measurement], bool] = lambda _facts, _measurement: True
) -> Iterator[Sample]:
    """Every calcium at most `days` old, ionised ones first, each kind newest first; in pregnancy only ionised ones."""
    results = facts(usable_results)
    for each in results.all("calcium-ionised", days=days):
        if says_something(each) and where(facts, each):
            yield Sample(results.status(each), "ionised", each.value, each)
    if not facts(is_pregnant):
        for each in totals(facts, days=days):
            if where(facts, each):
                yield _total_sample(facts, each)


def _chosen(facts: Facts, samples: Iterable[Sample]) -> Sample | None:
    """CAL-1: ionised first, unless a total was drawn clearly after it. `samples`: of each kind the newest first."""
    rules = facts.knowledge.minerals.choice
    ionised = total = None
    for each in samples:
        if each.kind != "ionised":
            total = each
            break
        ionised = ionised or each
    if ionised is None or total is None:
        return ionised or total
    results = facts(usable_results)
    old = results.age(ionised.measurement) > rules.ionised_days >= results.age(total.measurement)
    return total if old or hours_between(ionised.when, total.when) > rules.ionised_hours else ionised


def _read_totals(facts: Facts) -> dict[int, tuple[Measurement, Sample]]:
    """Totals that were read already, by identity: the choice, the doubt and the history look at the same ones.

    The total stands beside its sample, so that no other one can take its place in memory.
    """
    del facts
    return {}


def _total_sample(facts: Facts, total: Measurement) -> Sample:
    read = facts(_read_totals)
    known = read.get(id(total))
    if known is None:
        known = read[id(total)] = total, _read_total(facts, total)
    return known[1]


def _read_total(facts: Facts, total: Measurement) -> Sample:
    """The corrected value of that sample where CAL-2 allows it, else the uncorrected total with its doubts."""
    results = facts(usable_results)
    corrected, uncorrected = _pair(facts, total)
    albumin = albumin_near(facts, total)
    if corrected is not None and _may_correct(facts, albumin):
        return Sample(results.status(corrected), "corrected", corrected.value, corrected, albumin)
    if uncorrected is None:
        # Only a laboratory-corrected value, and its correction is not to be trusted (CAL-2).
        why = Text("corrected value not usable here", "valeur corrigée non utilisable ici")
        return Sample("unreliable", "corrected", total.value, total, albumin, why)
    value = uncorrected.value
    if albumin is not None and value is not None and not uncorrected.comparator and _may_correct(facts, albumin):
        value = adjusted(facts, value, albumin)
        return Sample(results.status(replace(uncorrected, value=value)), "corrected", value, uncorrected, albumin)
    return _uncorrected_sample(facts, uncorrected)


def _pair(facts: Facts, total: Measurement) -> tuple[Measurement | None, Measurement | None]:
    """(corrected, uncorrected) of the sample that `total` belongs to; of several in a day the nearest in time."""
    if total.lab == "calcium-corrected":
        return total, _uncorrected_of(facts, total)
    of_that_day = facts(usable_results).around("calcium-corrected", total.when, days=0)
    return next((each for each in of_that_day if _uncorrected_of(facts, each) == total), None), total


def _uncorrected_of(facts: Facts, corrected: Measurement) -> Measurement | None:
    of_that_day = facts(usable_results).around("calcium-total", corrected.when, days=0)
    return _nearest(of_that_day, corrected)


def _nearest(measurements: Iterable[Measurement], other: Measurement) -> Measurement | None:
    return min(
        measurements,
        key=lambda each: (abs(hours_between(each.when, other.when)), *_newest_first(each)),
        default=None,
    )


def _uncorrected_sample(facts: Facts, total: Measurement) -> Sample:
    """CAL-1 (3): what an uncorrected total proves, with the albumin of its time."""
    rules = facts.knowledge.minerals.unreliable
    status = facts(usable_results).status(total)
    albumin = _nearest(_known_albumins(facts, total, days=rules.albumin_days), total)
    not_high = status in ("normal", "low")
    why: Text | None = None
    if albumin is not None and below(albumin, rules.albumin_below) and not_high:
        why = Text(
            "albumin < 30 g/L: a total that is not high proves nothing",
            "albumine < 30 g/L : une calcémie totale non élevée ne prouve rien",
        )
    elif albumin is None and not_high and _low_albumin_expected(facts):
        why = Text("albumin unknown and probably low", "albumine inconnue et probablement basse")
    elif _near_limit(facts, total) and (
        (albumin is not None and above(albumin, rules.albumin_above))
        or facts(assess_kidney).egfr_below(rules.egfr_below)
    ):
        why = Text(
            "total calcium near a limit, correction not valid",
            "calcémie totale proche d'une limite, correction non valable",
        )
    if why is not None:
        return Sample("unreliable", "total", total.value, total, albumin, why)
    return Sample(status, "total", total.value, total, albumin, albumin_unknown=albumin is None)


def _near_limit(facts: Facts, total: Measurement) -> bool:
    span = facts.knowledge.minerals.unreliable.near_limit
    limits = [each for each in facts(usable_results).limits(total) if each is not None]
    return total.value is not None and any(abs(total.value - limit) <= span + _ROUNDING for limit in limits)


_ROUNDING = 1e-9
"""mmol/L: a difference that arithmetic makes and no laboratory."""


def _low_albumin_expected(facts: Facts) -> bool:
    if facts(recognise).active("nephrotic-syndrome", "hypoalbuminaemia"):
        return True
    protein = facts(usable_results).numeric("protein-total", days=CURRENT)
    return protein is not None and below(protein, facts.knowledge.minerals.unreliable.total_protein_below) is True


def albumin_near(facts: Facts, calcium: Measurement) -> Measurement | None:
    """Albumin of the same specimen, or drawn within 24 h (CAL-2)."""
    hours = facts.knowledge.minerals.correction.albumin_hours
    near = [
        each
        for each in _known_albumins(facts, calcium, days=int(hours // 24))
        if abs(hours_between(each.when, calcium.when)) <= hours
    ]
    return _nearest(near, calcium)


def _known_albumins(facts: Facts, calcium: Measurement, *, days: int) -> list[Measurement]:
    around = facts(usable_results).around("albumin", calcium.when, days=days)
    return [each for each in around if each.value is not None]


def _may_correct(facts: Facts, albumin: Measurement | None) -> bool:
    """CAL-2: where a correction for albumin says more than the raw total. `albumin`: None where only the laboratory,
    which corrected, has seen it."""
    rules = facts.knowledge.minerals.correction
    if albumin is not None and (
        albumin.comparator
        or below(albumin, rules.albumin.from_) is not False
        or above(albumin, rules.albumin.to) is not False
    ):
        return False
    return kidneys_allow_correction(facts) and not facts(paraproteins) and not facts(is_pregnant)


def kidneys_allow_correction(facts: Facts) -> bool:
    """CAL-2: eGFR >= 60, or unknown without a renal diagnosis; no dialysis."""
    kidney = facts(assess_kidney)
    reduced = kidney.egfr_below(facts.knowledge.minerals.correction.egfr_at_least)
    return reduced is False or (reduced is None and not (kidney.coded or kidney.acute or kidney.transplant))


def adjusted(facts: Facts, calcium: float, albumin: Measurement) -> float:
    """Total calcium (mmol/L) corrected for albumin (CAL-2), without what arithmetic adds behind the sixth decimal."""
    rules = facts.knowledge.minerals.correction
    return round(calcium + rules.per_gram * (rules.reference_albumin - (albumin.value or 0.0)), 6)


def is_doubtful(facts: Facts, total: Measurement) -> bool:
    """Whether a total calcium is unreliable (CAL-1) or not verified (LAB-4, MET-0): ionised calcium comes first."""
    sample, calcium = _total_sample(facts, total), facts(assess_calcium)
    if facts(is_pregnant) or not _is_reliable(sample) or _doubt(facts, sample):
        return True
    return sample.status == "high" and calcium.hypercalcaemia != "verified"


def _doubt(facts: Facts, sample: Sample) -> Doubt:
    """LAB-4: whether a high total calcium, adjusted or not, may be spurious."""
    results, total = facts(usable_results), sample.measurement
    if sample.kind == "ionised" or "high" not in (sample.status, results.status(total)):
        return ""
    rules = facts.knowledge.minerals.pseudo
    drawn = [
        results.status(each)
        for each in results.around("calcium-ionised", total.when, days=rules.ionised_days_after)
        if -rules.ionised_hours_before <= hours_between(total.when, each.when) <= 24 * rules.ionised_days_after
    ]
    known = next((status for status in drawn if status != "unknown"), None)
    if known is not None:
        return "" if known == "high" else "ionised-normal"
    if facts(paraproteins):
        return "paraprotein"
    platelets = _nearest(results.around("platelets", total.when, days=CURRENT), total)
    if platelets is not None and above(platelets, rules.platelets_above):
        return "platelets"
    albumin = albumin_near(facts, total)
    if albumin is not None and above(albumin, rules.albumin_above):
        return "albumin"
    return ""


def _highs(facts: Facts, *, days: int) -> list[Sample]:
    """The high samples at most `days` old that LAB-4 does not doubt, newest first."""
    highs = {
        sample.measurement: sample
        for sample in _samples(facts, days=days, where=_may_be_high)
        if sample.status == "high" and not _doubt(facts, sample)
    }
    return sorted(highs.values(), key=lambda each: (_age(each.when), each.kind))


def _may_be_high(facts: Facts, measurement: Measurement) -> bool:
    """Cheap, and wrong only on the generous side: the full reading of hundreds of normal results is not worth it."""
    upper = facts(usable_results).upper_limit(measurement)
    return measurement.value is None or (
        upper is not None and measurement.value + facts(_largest_correction) >= upper - _ROUNDING
    )


def _largest_correction(facts: Facts) -> float:
    """What a correction for albumin can add at most (CAL-2), mmol/L."""
    rules = facts.knowledge.minerals.correction
    if not _may_correct(facts, None):
        return 0.0
    return rules.per_gram * (rules.reference_albumin - rules.albumin.from_)


def _is_verified(facts: Facts, highs: list[Sample]) -> bool:
    """MET-0: once clearly ionised, once 3.00 mmol/L or more, or twice at least 24 h apart."""
    rules = facts.knowledge.minerals.verified
    apart = hours_between(highs[-1].when, highs[0].when) >= rules.apart_hours
    return apart or any(_is_clear(facts, each) for each in highs)


def _is_clear(facts: Facts, sample: Sample) -> bool:
    """High enough to count once: ionised above 1.35 (or 0.05 above the laboratory's own limit), total from 3.00."""
    rules = facts.knowledge.minerals.verified
    measurement = sample.measurement
    if sample.kind == "ionised":
        limits = [rules.ionised_once_above]
        if measurement.high is not None:
            limits.append(round(measurement.high + rules.ionised_above_own_limit_by, 6))
        return any(above(measurement, limit) for limit in limits)
    return sample.value is not None and below(replace(measurement, value=sample.value), rules.single_from) is False


def _past_highs(facts: Facts) -> tuple[Sample, ...]:
    """High samples that a later one contradicts, or that are stale: history (ACC-5, ACC-6, D-15)."""
    rules = facts.knowledge.minerals.verified
    highs = _highs(facts, days=int(rules.history_years * 365.25))
    return tuple(highs) if highs and _is_verified(facts, highs) else ()


def calcium_rows(facts: Facts) -> tuple[Evidence, ...]:
    """The table rows of the chosen calcium: the result, its albumin, and the corrected value where we corrected."""
    calcium = facts(assess_calcium)
    sample = calcium.sample
    if sample is None:
        return ()
    remark = sample.why
    if remark is None and sample.albumin_unknown:
        remark = Text("albumin not measured", "albumine non dosée")
    rows = [facts(usable_results).evidence(sample.measurement, remark)]
    if sample.albumin is not None:
        rows.append(facts(usable_results).evidence(sample.albumin))
    if sample.kind == "corrected" and sample.measurement.lab == "calcium-total" and sample.value is not None:
        rows.append(Evidence(CORRECTED, None, Value(sample.value, "mmol/L"), sample.when))
    if sample.kind == "ionised" and calcium.doubt and calcium.total is not None:
        rows.append(facts(usable_results).evidence(calcium.total))
    if calcium.high is not None and calcium.high is not sample:
        rows.append(facts(usable_results).evidence(calcium.high.measurement))
    return tuple(rows)
