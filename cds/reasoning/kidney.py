"""Kidney function: eGFR, chronicity, category, dialysis, acute kidney injury (REN-1 to REN-5, D-4, D-18).

A single low eGFR proves no chronic disease, an acute injury says nothing of the chronic state: both are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Literal, NamedTuple

from cds.reasoning.chart import Measurement, Moment, Problem, Procedure
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.kidney import KidneyChapter
from cds.reasoning.laboratory import RECENT, below, usable_results
from cds.reasoning.patient import is_pregnant
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.time import age_days, days_between, hours_between

__all__ = ["Category", "Egfr", "Kidney", "assess_kidney", "ckd_epi_2021", "schwartz"]

Category = Literal["G1", "G2", "G3", "G3a", "G3b", "G4", "G5", "G5D", "not-reduced"]
"""KDIGO categories; "G3": reduced, substage unknown; "not-reduced": eGFR reported as ">60" or ">90"."""

Why = Literal["dialysis", "value", "code", "acute", "single", "pregnancy", "child", "sex-unknown", "none"]

_EGFR = Text("eGFR", "DFG estimé")
_UNIT = "mL/min/1.73 m²"


class Egfr(NamedTuple):
    """One estimate, in mL/min/1.73 m²."""

    value: float
    when: Moment
    measurement: Measurement
    """The reported eGFR, or the creatinine that it was computed from."""
    computed: bool
    comparator: str = ""


class Kidney(NamedTuple):
    """What is known of the kidneys."""

    category: Category | None
    """None: unknown, see `why`."""
    why: Why
    egfr: Egfr | None
    """The newest usable estimate, also where chronicity is unproven; None in dialysis, AKI and pregnancy."""
    dialysis: bool
    acute: bool
    transplant: bool
    coded: bool
    """An active diagnosis of chronic kidney disease is recorded."""
    weak: bool
    """The category rests on weak evidence only (words, provisional)."""
    creatinine_rise: float | None
    """Newest creatinine over the median of the 8-365 days before (or the lowest of 7 days); None when not known."""
    dialysis_since: Moment | None
    """Earliest dialysis in the chart: a lower bound of the vintage."""
    evidence: tuple[Evidence, ...]
    remarks: tuple[Text, ...] = ()

    @property
    def known(self) -> bool:
        """REN-3 gives a category, or the eGFR is known not to be reduced."""
        return self.category is not None

    @property
    def severe(self) -> bool:
        """G4, G5 or chronic dialysis: named-strong (D-4)."""
        return self.category in ("G4", "G5", "G5D")

    @property
    def moderate(self) -> bool:
        """G3a, G3b or G3: named-weak (D-4)."""
        return self.category in ("G3", "G3a", "G3b")

    def egfr_below(self, limit: float) -> bool | None:
        """Whether the eGFR lies below `limit`: the number as it is, else the category; dialysis lies below everything."""
        if self.dialysis:
            return True
        if self.egfr is not None:
            return _egfr_below(self.egfr, limit)
        ranges = {
            "G1": (90, 200),
            "G2": (60, 90),
            "G3": (30, 60),
            "G3a": (45, 60),
            "G3b": (30, 45),
            "G4": (15, 30),
            "G5": (0, 15),
        }
        span = ranges.get(self.category or "")
        if span is None:
            return False if self.category == "not-reduced" and limit <= 60 else None
        return True if span[1] <= limit else False if span[0] >= limit else None


def ckd_epi_2021(creatinine: float, age: float, sex: str, chapter: KidneyChapter) -> float:
    """eGFR in mL/min/1.73 m² from creatinine in umol/L, age in years and sex (REN-1)."""
    c = chapter.ckd_epi_2021
    female = sex == "female"
    ratio = creatinine / c.umol_per_mg / (c.kappa.female if female else c.kappa.male)
    alpha = c.alpha.female if female else c.alpha.male
    value: float = c.factor * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** c.slope * c.age**age
    return value * c.female if female else value


def schwartz(creatinine: float, height: float, chapter: KidneyChapter) -> float:
    """Bedside Schwartz eGFR from creatinine in umol/L and height in cm (REN-4)."""
    return chapter.schwartz.factor * height / creatinine


def assess_kidney(facts: Facts) -> Kidney:
    """REN-1 to REN-5 for one chart."""
    chapter = facts.knowledge.kidney
    coded = facts(recognise).active("chronic-kidney-disease", *_STAGES)
    acute, rise = _acute(facts)
    sessions = _sessions(facts)
    transplants = facts(recognise).active("kidney-transplant")
    since = min((each.when for each in sessions if each.when), key=lambda when: when.instant, default=None)
    base = Kidney(
        None, "none", None, False, acute, bool(transplants), bool(coded),
        bool(coded) and all(each.weight == "weak" for each in coded), rise, since, (),
    )  # fmt: skip
    on_dialysis = _chronic_dialysis(facts, sessions, transplants)
    if on_dialysis:
        return base._replace(
            category="G5D", why="dialysis", dialysis=True, acute=False, weak=False, evidence=_said(on_dialysis)
        )
    stage, stage_evidence = _coded_stage(coded)
    if acute:
        label = Text("Acute kidney injury: eGFR not used", "Insuffisance rénale aiguë : DFG non utilisé")
        return base._replace(category=stage, why="acute", evidence=stage_evidence, remarks=(label,))
    if facts(is_pregnant):
        label = Text("Pregnancy: eGFR not interpreted", "Grossesse : DFG non interprété")
        return base._replace(category=stage, why="pregnancy", evidence=stage_evidence, remarks=(label,))
    series, why = _series(facts)
    newest = series[0] if series else None
    if newest is None or age_days(facts.now, newest.when) > chapter.value_days:
        if stage or why == "none":
            return base._replace(category=stage, why="code" if stage else "none", evidence=stage_evidence)
        return base._replace(why=why)
    newest, remarks = _lower_of_both(facts, series, newest)
    evidence = (_row(newest), *stage_evidence)
    base = base._replace(egfr=newest, evidence=evidence, remarks=remarks)
    limit = chapter.chronicity.egfr_below
    reduced = _egfr_below(newest, limit)
    if reduced is False:
        if newest.comparator:
            return base._replace(category="not-reduced", why="value")
        return base._replace(category=_category(newest.value, chapter), why="value", weak=False)
    if coded or _chronic(series, chapter):
        if newest.comparator:
            certain = newest.value <= 15  # "<15" is G5 (LAB-3); "<60" only says reduced
            return base._replace(category="G5" if certain else stage or "G3", why="value")
        return base._replace(category=_category(newest.value, chapter), why="value")
    return base._replace(why="single")


_STAGES = ("ckd-stage-5-eskd", "ckd-stage-4", "ckd-stage-3", "ckd-stage-1-2")
_STAGE_CATEGORY: dict[str, Category] = {
    "ckd-stage-5-eskd": "G5",
    "ckd-stage-4": "G4",
    "ckd-stage-3": "G3",
    "ckd-stage-1-2": "G2",
}


def _coded_stage(coded: tuple[Recognised, ...]) -> tuple[Category | None, tuple[Evidence, ...]]:
    """The highest recorded stage; an unspecified chronic kidney disease has none."""
    for concept in _STAGES:
        found = tuple(each for each in coded if each.concept == concept)
        if found:
            return _STAGE_CATEGORY[concept], _said(found)
    return None, _said(coded)


class _Session(NamedTuple):
    when: Moment | None
    last: Moment | None
    recognised: Recognised


def _sessions(facts: Facts) -> list[_Session]:
    found = []
    for each in facts(recognise).of(*facts.knowledge.kidney.dialysis.concepts):
        if isinstance(each.datum, Procedure):
            found.append(_Session(each.datum.first or each.datum.last, each.datum.last or each.datum.first, each))
        elif isinstance(each.datum, Problem) and each.state == "active":
            found.append(_Session(each.datum.onset or each.datum.recorded, None, each))
    return found


def _chronic_dialysis(
    facts: Facts, sessions: list[_Session], transplants: tuple[Recognised, ...]
) -> tuple[Recognised, ...]:
    """What proves chronic dialysis now (REN-3, PIT-15); empty when nothing does."""
    rules = facts.knowledge.kidney.dialysis
    coded = facts(recognise).active("chronic-kidney-disease", *_STAGES)
    if not coded and facts(recognise).active("acute-kidney-injury"):
        return ()
    proof: list[Recognised] = []
    performed = [each for each in sessions if each.last is not None]
    last = max((each.last for each in performed if each.last), key=lambda when: when.instant, default=None)
    if last is not None and age_days(facts.now, last) <= rules.last_days:
        first = min((each.when for each in performed if each.when), key=lambda when: when.instant)
        long_enough = age_days(facts.now, first) >= rules.first_days
        if long_enough or any(each.concept == "ckd-stage-5-eskd" for each in coded):
            proof += [each.recognised for each in performed]
    proof += [each.recognised for each in sessions if each.last is None]
    grafted = max((each.when for each in transplants if each.when), key=lambda when: when.instant, default=None)
    if grafted is not None and (last is None or grafted.instant > last.instant):
        return ()
    return tuple(proof)


def _acute(facts: Facts) -> tuple[bool, float | None]:
    """Whether the newest creatinine (or a code) says acute kidney injury (REN-5), and the rise over the baseline."""
    rules = facts.knowledge.kidney.acute
    results = [
        each
        for each in facts(usable_results).all("creatinine", days=2 * RECENT)
        if each.value is not None and not each.comparator
    ]
    by_code = any(each.weight == "strong" for each in facts(recognise).active("acute-kidney-injury"))
    if not results or facts(usable_results).age(results[0]) > RECENT:
        return by_code, None
    newest, older = results[0], results[1:]
    value = newest.value or 0.0
    week = [each.value or 0.0 for each in older if hours_between(each.when, newest.when) <= 24 * rules.lowest_days]
    year = [
        each.value or 0.0
        for each in older
        if rules.median_days.from_ <= days_between(each.when, newest.when) <= rules.median_days.to
    ]
    baseline = median(year) if year else min(week, default=0.0)
    rise = value / baseline if baseline else None
    if by_code:
        return True, rise
    stable = any(
        days_between(each.when, newest.when) >= rules.stable_days
        and abs((each.value or 0.0) - value) <= rules.stable_within * value
        for each in older
    )
    if stable:
        return False, rise
    two_days = [each.value or 0.0 for each in older if hours_between(each.when, newest.when) <= rules.rise_hours]
    sudden = bool(two_days) and value - min(two_days) >= rules.rise
    in_week = bool(week) and value >= rules.ratio * min(week)
    over_year = bool(year) and value >= rules.ratio * median(year)
    return sudden or in_week or over_year, rise


def _series(facts: Facts) -> tuple[list[Egfr], Why]:
    """Every estimate of the last 24 months, newest first, the preferred one of each day first."""
    chapter = facts.knowledge.kidney
    days = chapter.chronicity.search_days
    if facts.age is None or facts.age >= 18:
        reported = [
            Egfr(each.value or 0.0, each.when, each, False, each.comparator)
            for each in facts(usable_results).all("egfr", days=days)
            if each.value is not None
        ]
        computed, why = _computed(facts, days)
        return sorted(reported + computed, key=lambda egfr: _preference(egfr, chapter)), why
    return _of_child(facts, days)


def _preference(egfr: Egfr, chapter: KidneyChapter) -> tuple[int, int, int, str, float]:
    if chapter.equation == "reported":
        kind = 1 if egfr.computed else 0
    else:
        kind = 1 if egfr.computed else 0 if egfr.measurement.loinc in chapter.ckd_epi_2021.reported_codes else 2
    return -egfr.when.instant.toordinal(), kind, egfr.measurement.rank, egfr.measurement.source.id, egfr.value


def _computed(facts: Facts, days: int) -> tuple[list[Egfr], Why]:
    chapter = facts.knowledge.kidney
    results = [
        each for each in facts(usable_results).all("creatinine", days=days) if each.value and not each.comparator
    ]
    if not results or facts.chart.patient.born is None:
        return [], "none"
    found = []
    for each in results:
        age = (each.when.instant.date() - facts.chart.patient.born).days / 365.25
        values = [
            ckd_epi_2021(each.value or 0.0, age, sex, chapter)
            for sex in ((facts.sex,) if facts.sex else ("female", "male"))
        ]
        if len({_category(value, chapter) for value in values}) == 1:
            found.append(Egfr(min(values), each.when, each, True))
    return found, "none" if found else "sex-unknown"


def _of_child(facts: Facts, days: int) -> tuple[list[Egfr], Why]:
    """REN-4: the laboratory's Schwartz value, else ours from a height that is recent enough."""
    chapter = facts.knowledge.kidney
    rules = chapter.schwartz
    assert facts.age is not None
    if facts.age < rules.ages.from_:
        return [], "child"
    found = [
        Egfr(each.value or 0.0, each.when, each, False, each.comparator)
        for each in facts(usable_results).all("egfr-schwartz", days=days)
        if each.value is not None
    ]
    max_age = rules.height_days_from_15_years if facts.age >= 15 else rules.height_days
    height = facts(usable_results).numeric("body-height", days=max_age)
    if height is not None and height.value:
        found += [
            Egfr(schwartz(each.value, height.value, chapter), each.when, each, True)
            for each in facts(usable_results).all("creatinine", days=days)
            if each.value and not each.comparator
        ]
    if facts.age < rules.categories_from_age:
        # G categories apply from 2 years: at 1 year only a reported value inside its own range says something.
        found = [each._replace(value=60.0, comparator=">") for each in found if _in_own_range(each.measurement)]
    return sorted(found, key=lambda egfr: _preference(egfr, chapter)), "child"


def _in_own_range(measurement: Measurement) -> bool:
    return (
        measurement.lab == "egfr-schwartz"
        and measurement.low is not None
        and below(measurement, measurement.low) is False
    )


def _lower_of_both(facts: Facts, series: list[Egfr], egfr: Egfr) -> tuple[Egfr, tuple[Text, ...]]:
    """D-18: where the laboratory and we disagree about the same sample across 60 or 30, the lower value decides."""
    same = [each for each in series if days_between(each.when, egfr.when) == 0 and not each.comparator]
    computed = [each for each in same if each.computed]
    reported = [each for each in same if not each.computed]
    for ours in computed[:1]:
        for theirs in reported:
            if any((ours.value < side) != (theirs.value < side) for side in facts.knowledge.kidney.ckd_epi_2021.sides):
                lower = min(ours, theirs, key=lambda each: each.value)
                words = f"{theirs.value:.0f} / {ours.value:.0f}"
                return lower, (
                    Text(
                        f"eGFR reported / CKD-EPI 2021: {words} {_UNIT}; the lower one decides (D-18)",
                        f"DFG rendu / CKD-EPI 2021 : {words} {_UNIT} ; le plus bas est retenu (D-18)",
                    ),
                )
    return egfr, ()


def _chronic(series: list[Egfr], chapter: KidneyChapter) -> bool:
    """REN-2: reduced on two results far enough apart with none above in between."""
    run = []
    for each in series:
        if _egfr_below(each, chapter.chronicity.egfr_below) is not True:
            break
        run.append(each)
    return bool(run) and days_between(run[0].when, run[-1].when) >= chapter.chronicity.apart_days


def _egfr_below(egfr: Egfr, limit: float) -> bool | None:
    probe = egfr.measurement._replace(value=egfr.value, comparator=egfr.comparator)  # type: ignore[arg-type]
    return below(probe, limit)


def _category(value: float, chapter: KidneyChapter) -> Category:
    for each in chapter.categories:
        if value >= each.from_:
            return each.name
    return "G5"


def _row(egfr: Egfr) -> Evidence:
    how = Text("computed from creatinine", "calculé à partir de la créatinine") if egfr.computed else None
    return Evidence(_EGFR, egfr.measurement.source, Value(egfr.value, _UNIT, 0, egfr.comparator), egfr.when, how)


def _said(recognised: Iterable[Recognised]) -> tuple[Evidence, ...]:
    return tuple(recognition_row(each) for each in recognised)
