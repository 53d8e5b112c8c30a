"""Calcium: which value to believe, and whether a high one is verified (CAL-1, CAL-2, LAB-4, MET-0)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.chart import Measurement, Moment
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import CURRENT, RECENT, above, below, usable_results
from cds.reasoning.patient import is_pregnant, paraproteins
from cds.reasoning.recognition import recognise
from cds.reasoning.time import days_between, hours_between, years_since

__all__ = ["Calcium", "CalciumStatus", "Doubt", "Sample", "adjusted", "albumin_near", "assess_calcium", "calcium_rows"]

CalciumStatus = Literal["high", "normal", "low", "unreliable", "unknown"]
Doubt = Literal["", "ionised-normal", "paraprotein", "platelets", "albumin"]
Hypercalcaemia = Literal["verified", "unverified", "history", "none"]

CORRECTED = Text("Calcium corrected for albumin", "Calcium corrigé par l'albumine")


class Sample(NamedTuple):
    """The calcium of one day, as CAL-1 reads it."""

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

    @property
    def settled(self) -> CalciumStatus:
        """The status for CLS-1: an unverified high calcium is treated as unreliable (MET-0)."""
        return "unreliable" if self.status == "high" and self.hypercalcaemia != "verified" else self.status


def assess_calcium(facts: Facts) -> Calcium:
    """CAL-1, LAB-4 and MET-0 for one chart."""
    laboratory = facts(usable_results)
    ionised = laboratory.latest("calcium-ionised")
    totals = sorted(
        (*laboratory.all("calcium-total", days=RECENT), *laboratory.all("calcium-corrected", days=RECENT)),
        key=lambda each: (-each.when.instant.timestamp(), each.lab == "calcium-total", each.source.id),
    )
    total = totals[0] if totals else None
    sample = _choose(facts, ionised, total)
    if sample is None:
        return Calcium("unknown", None, "history" if _past_highs(facts) else "none", "", total, (), _past_highs(facts))
    doubt = _doubt(facts, total)
    highs = _highs(facts)
    history: tuple[Sample, ...] = ()
    state: Hypercalcaemia
    if sample.status == "high":
        verified = not (doubt and sample.kind != "ionised") and _is_verified(facts, sample, highs)
        state = "verified" if verified else "unverified"
    else:
        history = _past_highs(facts)
        state = "history" if history else "none"
    return Calcium(sample.status, sample, state, doubt, total, tuple(each.when for each in highs), history)


def _choose(facts: Facts, ionised: Measurement | None, total: Measurement | None) -> Sample | None:
    """CAL-1: ionised first, unless a total was drawn clearly after it; in pregnancy only ionised."""
    rules = facts.knowledge.minerals.choice
    if ionised is not None and (
        total is None
        or facts(is_pregnant)
        or (
            facts(usable_results).age(ionised) <= rules.ionised_days
            and hours_between(ionised.when, total.when) <= rules.ionised_hours
        )
    ):
        return _ionised_sample(facts, ionised)
    if total is None or facts(is_pregnant):
        return None
    return _total_sample(facts, total)


def _ionised_sample(facts: Facts, ionised: Measurement) -> Sample:
    return Sample(facts(usable_results).status(ionised), "ionised", ionised.value, ionised)


def _total_sample(facts: Facts, total: Measurement) -> Sample:
    """The corrected value of that day where CAL-2 allows it, else the uncorrected total with its doubts."""
    laboratory = facts(usable_results)
    same_day = [
        each
        for lab in ("calcium-corrected", "calcium-total")
        for each in laboratory.all(lab)
        if days_between(each.when, total.when) == 0
    ]
    corrected = next((each for each in same_day if each.lab == "calcium-corrected"), None)
    uncorrected = next((each for each in same_day if each.lab == "calcium-total"), None)
    albumin = albumin_near(facts, total)
    if corrected is not None and _may_correct(facts, albumin, laboratory_did=True):
        return Sample(laboratory.status(corrected), "corrected", corrected.value, corrected, albumin)
    if uncorrected is None:
        # Only a laboratory-corrected value, and its correction is not to be trusted (CAL-2).
        assert corrected is not None
        why = Text("corrected value not usable here", "valeur corrigée non utilisable ici")
        return Sample("unreliable", "corrected", corrected.value, corrected, albumin, why)
    if (
        albumin is not None
        and uncorrected.value is not None
        and not uncorrected.comparator
        and _may_correct(facts, albumin)
    ):
        value = adjusted(facts, uncorrected.value, albumin)
        probe = uncorrected._replace(value=value)
        return Sample(laboratory.status(probe), "corrected", value, uncorrected, albumin)
    return _uncorrected_sample(facts, uncorrected)


def _uncorrected_sample(facts: Facts, total: Measurement) -> Sample:
    rules = facts.knowledge.minerals.unreliable
    status = facts(usable_results).status(total)
    known = [
        each
        for each in facts(usable_results).all("albumin")
        if each.value is not None and days_between(each.when, total.when) <= rules.albumin_days
    ]
    albumin = min(known, key=lambda each: days_between(each.when, total.when), default=None)
    low_or_normal = above(total, rules.total_at_most) is False
    why: Text | None = None
    if albumin is not None and below(albumin, rules.albumin_below) and low_or_normal:
        why = Text(
            "albumin < 30 g/L: a total that is not high proves nothing",
            "albumine < 30 g/L : une calcémie totale non élevée ne prouve rien",
        )
    elif albumin is None and low_or_normal and _low_albumin_expected(facts):
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
    return total.value is not None and any(abs(total.value - limit) <= span + 1e-9 for limit in limits)


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
        for each in facts(usable_results).all("albumin")
        if each.value is not None and abs(hours_between(each.when, calcium.when)) <= hours
    ]
    return min(near, key=lambda each: (abs(hours_between(each.when, calcium.when)), each.source.id), default=None)


def _may_correct(facts: Facts, albumin: Measurement | None, *, laboratory_did: bool = False) -> bool:
    """CAL-2: where a correction for albumin says more than the raw total."""
    rules = facts.knowledge.minerals.correction
    if albumin is None and not laboratory_did:
        return False
    if albumin is not None and (
        albumin.comparator
        or below(albumin, rules.albumin.from_) is not False
        or above(albumin, rules.albumin.to) is not False
    ):
        return False
    kidney = facts(assess_kidney)
    reduced = kidney.egfr_below(rules.egfr_at_least)
    renal_ok = reduced is False or (reduced is None and not kidney.coded and not kidney.acute)
    return renal_ok and not kidney.dialysis and not facts(paraproteins) and not facts(is_pregnant)


def adjusted(facts: Facts, calcium: float, albumin: Measurement) -> float:
    rules = facts.knowledge.minerals.correction
    return calcium + rules.per_gram * (rules.reference_albumin - (albumin.value or 0.0))


def _doubt(facts: Facts, total: Measurement | None) -> Doubt:
    """LAB-4: whether a high total calcium may be spurious."""
    if total is None or facts(usable_results).status(total) != "high":
        return ""
    rules = facts.knowledge.minerals.pseudo
    drawn = [
        each
        for each in facts(usable_results).all("calcium-ionised")
        if -rules.ionised_hours_before <= hours_between(total.when, each.when) <= 24 * rules.ionised_days_after
    ]
    if drawn:
        return "ionised-normal" if facts(usable_results).status(drawn[0]) in ("normal", "low") else ""
    if facts(paraproteins):
        return "paraprotein"
    platelets = facts(usable_results).numeric("platelets", days=CURRENT)
    if platelets is not None and above(platelets, rules.platelets_above):
        return "platelets"
    albumin = albumin_near(facts, total)
    if albumin is not None and above(albumin, rules.albumin_above):
        return "albumin"
    return ""


def _doubt_of(facts: Facts, sample: Sample) -> Doubt:
    return "" if sample.kind == "ionised" else _doubt(facts, sample.measurement)


def _highs(facts: Facts) -> list[Sample]:
    """The high samples of the last year, one a day, newest first."""
    days: dict[int, Sample] = {}
    for sample in _samples(facts, facts.knowledge.minerals.verified.days):
        if sample.status == "high" and _doubt_of(facts, sample) != "ionised-normal":
            days.setdefault(sample.when.instant.toordinal(), sample)
    return sorted(days.values(), key=lambda sample: sample.when.instant, reverse=True)


def _samples(facts: Facts, days: int) -> list[Sample]:
    laboratory = facts(usable_results)
    samples = [_ionised_sample(facts, each) for each in laboratory.all("calcium-ionised", days=days)]
    if not facts(is_pregnant):
        samples += [_total_sample(facts, each) for each in laboratory.all("calcium-total", days=days)]
        samples += [_total_sample(facts, each) for each in laboratory.all("calcium-corrected", days=days)]
    return samples


def _is_verified(facts: Facts, sample: Sample, highs: list[Sample]) -> bool:
    """MET-0: once and clearly ionised, twice at least 24 h apart, or once 3.00 mmol/L or more."""
    rules = facts.knowledge.minerals.verified
    measurement = sample.measurement
    if sample.kind == "ionised":
        own = measurement.high
        over = above(measurement, rules.ionised_once_above)
        over_own = None if own is None else above(measurement, own + rules.ionised_above_own_limit_by)
        if over or over_own:
            return True
    elif sample.value is not None:
        probe = measurement._replace(value=sample.value)
        if below(probe, rules.single_from) is False:
            return True
    return any(hours_between(each.when, sample.when) >= rules.apart_hours for each in highs)


def _past_highs(facts: Facts) -> tuple[Sample, ...]:
    """High samples that a later one contradicts, or that are stale: history (ACC-5, ACC-6, D-15)."""
    rules = facts.knowledge.minerals.verified
    days = int(rules.history_years * 365.25)
    highs: dict[int, Sample] = {}
    for sample in _samples(facts, days):
        if (
            sample.status == "high"
            and not _doubt_of(facts, sample)
            and years_since(facts.now, sample.when) <= rules.history_years
        ):
            highs.setdefault(sample.when.instant.toordinal(), sample)
    ordered = sorted(highs.values(), key=lambda sample: sample.when.instant, reverse=True)
    if not ordered:
        return ()
    twice = any(hours_between(each.when, ordered[0].when) >= rules.apart_hours for each in ordered)
    return tuple(ordered) if twice or _is_verified(facts, ordered[0], []) else ()


def calcium_rows(calcium: Calcium, facts: Facts) -> tuple[Evidence, ...]:
    """The table rows of the chosen calcium: the result, its albumin, and the corrected value where we corrected."""
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
    return tuple(rows)
