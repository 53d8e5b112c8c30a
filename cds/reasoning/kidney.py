"""Kidney function: eGFR, chronicity, category, dialysis, acute kidney injury (REN-1 to REN-5, D-4, D-18).

A single low eGFR proves no chronic disease, an acute injury says nothing of the chronic state: both are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from math import inf, nextafter
from statistics import median
from typing import Literal, NamedTuple

from msgspec.structs import replace

from cds.reasoning.chart import Measurement, Moment, Problem, Procedure
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import ADULT, Facts
from cds.reasoning.knowledge.kidney import KidneyChapter
from cds.reasoning.laboratory import RECENT, below, reported_results
from cds.reasoning.patient import is_pregnant
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.time import age_days, age_on, days_between, hours_between

__all__ = ["Category", "Egfr", "Kidney", "assess_kidney", "ckd_epi_2021", "schwartz"]

Category = Literal["G1", "G2", "G3", "G3a", "G3b", "G4", "G5", "G5D", "not-reduced"]
"""KDIGO categories; "G3": reduced, substage unknown; "not-reduced": eGFR reported as ">60" or ">90"."""

Why = Literal["dialysis", "value", "code", "acute", "single", "pregnancy", "child", "sex-unknown", "none"]

_EGFR = Text("eGFR", "DFG estimé")
_UNIT = "mL/min/1.73 m²"
_REDUCED_BELOW = 60.0
_SPANS: dict[Category, tuple[float, float]] = {
    "not-reduced": (_REDUCED_BELOW, inf),
    "G1": (90, inf),
    "G2": (60, 90),
    "G3": (30, 60),
    "G3a": (45, 60),
    "G3b": (30, 45),
    "G4": (15, 30),
    "G5": (0, 15),
}
"""eGFR of a category: from, up to but not including."""


class Egfr(NamedTuple):
    """One estimate, in mL/min/1.73 m²."""

    value: float
    when: Moment
    measurement: Measurement
    """The reported eGFR, or the creatinine that it was computed from."""
    computed: bool
    comparator: Literal["", "<", "<=", ">", ">="] = ""
    says: Literal["value", "not-reduced", "nothing"] = "value"
    """"not-reduced": at 1 year, inside the laboratory's own range (REN-4). "nothing": the sex is unknown, and the two
    sexes fall into different categories (REN-1)."""

    def below(self, limit: float) -> bool | None:
        """Whether the eGFR lies below `limit`; None where that is open (LAB-3)."""
        if self.says == "value":
            return below(replace(self.measurement, value=self.value, comparator=self.comparator), limit)
        return False if self.says == "not-reduced" and limit <= _REDUCED_BELOW else None


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
    """Newest creatinine over the median of the 8-365 days before (or the lowest of 7 days); None when not known, and
    on dialysis, where it says nothing."""
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
        """Whether the eGFR lies below `limit`: by the number, else by the category; dialysis lies below everything."""
        if self.dialysis:
            return True
        by_number = self.egfr.below(limit) if self.egfr is not None else None
        if by_number is not None or self.category is None:
            return by_number
        lowest, end = _SPANS[self.category]
        return True if end <= limit else False if lowest >= limit else None


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
    coded = facts(recognise).active("chronic-kidney-disease", *_STAGES)
    transplants = facts(recognise).active("kidney-transplant")
    sessions = _sessions(facts)
    since = min((each.first for each in sessions if each.first), key=_at, default=None)
    base = Kidney(
        category=None, why="none", egfr=None, dialysis=False, acute=False, transplant=bool(transplants),
        coded=bool(coded), weak=_all_weak(coded), creatinine_rise=None, dialysis_since=since, evidence=(),
    )  # fmt: skip
    on_dialysis = _chronic_dialysis(facts, sessions, coded, transplants)
    if on_dialysis:
        return base._replace(
            category="G5D", why="dialysis", dialysis=True, weak=_all_weak(on_dialysis), evidence=_said(on_dialysis)
        )
    acute, rise = _acute(facts)
    stage, stage_evidence = _coded_stage(coded)
    by_code = base._replace(category=stage, acute=acute, creatinine_rise=rise, evidence=stage_evidence)
    if acute:
        label = Text("Acute kidney injury: eGFR not used", "Insuffisance rénale aiguë : DFG non utilisé")
        return by_code._replace(why="acute", remarks=(label,))
    if facts(is_pregnant):
        label = Text("Pregnancy: eGFR not interpreted", "Grossesse : DFG non interprété")
        return by_code._replace(why="pregnancy", remarks=(label,))
    return _by_number(facts, by_code, stage)


def _by_number(facts: Facts, by_code: Kidney, stage: Category | None) -> Kidney:
    """REN-2 and REN-3: a number of the last 12 months prevails over the coded stage, once it is known to be chronic."""
    chapter = facts.knowledge.kidney
    series = [_of_day(day, chapter) for day in _days(facts)]
    newest, remarks = series[0] if series else (None, ())
    if newest is None or age_days(facts.now, newest.when) > chapter.value_days:
        why: Why = "code" if stage else "child" if facts.age is not None and facts.age < ADULT else "none"
        return by_code._replace(why=why)
    if newest.says == "nothing":
        return by_code._replace(why="code" if stage else "sex-unknown")
    found = by_code._replace(egfr=newest, evidence=(_row(newest), *by_code.evidence), remarks=remarks, why="value")
    reduced = newest.below(chapter.chronicity.egfr_below)
    if reduced is None:
        return found._replace(why="code" if stage else "none")
    if not reduced:
        plain = newest.says == "value" and not newest.comparator
        return found._replace(category=_category(newest.value, chapter) if plain else "not-reduced", weak=False)
    chronic = _is_chronic([each for each, _ in series], chapter)
    if not chronic and not by_code.coded:
        return found._replace(category=None, why="single")
    return found._replace(category=_reduced_category(newest, stage, chapter), weak=by_code.weak and not chronic)


def _reduced_category(egfr: Egfr, stage: Category | None, chapter: KidneyChapter) -> Category:
    """LAB-3: "<15" is G5; "<60" only says reduced: the coded stage decides, else the substage is unknown."""
    if not egfr.comparator:
        return _category(egfr.value, chapter)
    highest = _category(nextafter(egfr.value, 0) if egfr.comparator == "<" else egfr.value, chapter)
    mildest: Category = "G3" if highest in ("G3a", "G3b") else highest
    return stage if stage is not None and _SPANS[stage][1] <= _SPANS[mildest][1] else mildest


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
    first: Moment | None
    last: Moment | None
    recognised: Recognised
    stands: bool
    """A diagnosis (Z99.2) says it, not a Procedure."""


def _sessions(facts: Facts) -> list[_Session]:
    found = []
    for each in facts(recognise).of(*facts.knowledge.kidney.dialysis.concepts):
        datum = each.datum
        if isinstance(datum, Procedure):
            found.append(_Session(datum.first or datum.last, datum.last or datum.first, each, stands=False))
        elif isinstance(datum, Problem) and each.state == "active":
            since = datum.onset or datum.recorded
            found.append(_Session(since, since, each, stands=True))
    return found


def _chronic_dialysis(
    facts: Facts, sessions: list[_Session], coded: tuple[Recognised, ...], transplants: tuple[Recognised, ...]
) -> tuple[Recognised, ...]:
    """What proves chronic dialysis now (REN-3, PIT-15); empty when nothing does."""
    rules = facts.knowledge.kidney.dialysis
    if not coded and not transplants and _acute_diagnosis(facts):
        return ()
    grafted = max((each.when for each in transplants if each.when), key=_at, default=None)
    last = max((each.last for each in sessions if each.last), key=_at, default=None)
    if grafted is not None and (last is None or grafted.at > last.at):
        return ()
    standing = tuple(each.recognised for each in sessions if each.stands)
    performed = [each for each in sessions if not each.stands and each.first and each.last]
    if not performed:
        return standing
    earliest = min(performed, key=lambda each: each.first.at)  # type: ignore[union-attr]
    latest = max(performed, key=lambda each: each.last.at)  # type: ignore[union-attr]
    assert earliest.first is not None
    assert latest.last is not None
    goes_on = age_days(facts.now, latest.last) <= rules.last_days
    chronic = age_days(facts.now, earliest.first) >= rules.first_days or any(
        each.concept == "ckd-stage-5-eskd" for each in coded
    )
    if goes_on and chronic:
        return tuple(dict.fromkeys((latest.recognised, earliest.recognised, *standing)))
    return standing


def _acute_diagnosis(facts: Facts) -> bool:
    """N17 active: a diagnosis, be it provisional or in words; words of a report count only where they are coded."""
    return any(
        each.weight == "strong" or (isinstance(each.datum, Problem) and not each.datum.old_encounter)
        for each in facts(recognise).active("acute-kidney-injury")
    )


def _acute(facts: Facts) -> tuple[bool, float | None]:
    """Whether the newest creatinine (or a code) says acute kidney injury (REN-5), and the rise over the baseline."""
    rules = facts.knowledge.kidney.acute
    results = [each for each in facts(reported_results).all("creatinine", days=2 * RECENT) if not each.comparator]
    known = [(each.when, each.value) for each in results if each.value]
    by_code = _acute_diagnosis(facts)
    if not known or age_days(facts.now, known[0][0]) > RECENT:
        return by_code, None
    (newest, value), older = known[0], known[1:]
    two_days = [each for when, each in older if hours_between(when, newest) <= rules.rise_hours]
    week = [each for when, each in older if days_between(when, newest) <= rules.lowest_days]
    span = rules.median_days
    year = [each for when, each in older if span.from_ <= days_between(when, newest) <= span.to]
    baseline = median(year) if year else min(week, default=None)
    rise = None if baseline is None else value / baseline
    if any(
        days_between(when, newest) >= rules.stable_days and abs(each - value) <= rules.stable_within * value + _ROUNDING
        for when, each in older
    ):
        return False, rise
    sudden = bool(two_days) and value - min(two_days) >= rules.rise - _ROUNDING
    in_week = bool(week) and value >= rules.ratio * min(week) - _ROUNDING
    over_year = bool(year) and value >= rules.ratio * median(year) - _ROUNDING
    return by_code or sudden or in_week or over_year, rise


_ROUNDING = 1e-6
"""umol/L: a difference that arithmetic makes and no laboratory."""


def _days(facts: Facts) -> list[list[Egfr]]:
    """The estimates of the last 24 months by day, newest day first, the preferred one of each day first."""
    chapter = facts.knowledge.kidney
    days: dict[int, list[Egfr]] = {}
    for each in _estimates(facts):
        days.setdefault(each.when.day, []).append(each)
    return [sorted(days[day], key=lambda egfr: _preference(egfr, chapter)) for day in sorted(days, reverse=True)]


def _preference(egfr: Egfr, chapter: KidneyChapter) -> tuple[int, int, int, str, float]:
    """REN-1: the reported CKD-EPI 2021, then ours, then other reported ones in the order of their codes (D-18)."""
    first = egfr.measurement.lab == "egfr-schwartz" or egfr.measurement.loinc in chapter.ckd_epi_2021.reported_codes
    if egfr.says == "nothing":
        kind = 3
    elif egfr.computed:
        kind = 1
    else:
        kind = 0 if first or chapter.equation == "reported" else 2
    rank = 0 if egfr.computed else egfr.measurement.rank
    return kind, rank, -egfr.when.at, egfr.measurement.source.id, egfr.value


def _estimates(facts: Facts) -> list[Egfr]:
    """Every estimate of the last 24 months, by the formula for the age on the day of the sample (REN-1, REN-4)."""
    results, days = facts(reported_results), facts.knowledge.kidney.chronicity.search_days
    born = facts.chart.patient.born
    found = []
    for lab in ("egfr", "egfr-schwartz"):
        for each in results.all(lab, days=days):
            found.append(_reported(facts, each, age_on(born, each.when.instant.date())))
    for each in results.all("creatinine", days=days):
        age = age_on(born, each.when.instant.date())
        if age is None or not each.value or each.comparator:
            continue
        found.append(_ckd_epi(facts, each, each.value) if age >= ADULT else _schwartz(facts, each, each.value, age))
    return [each for each in found if each is not None]


def _reported(facts: Facts, measurement: Measurement, age: float | None) -> Egfr | None:
    """The laboratory's own estimate; of a child only a Schwartz value, of an adult any other."""
    if measurement.value is None or (measurement.lab == "egfr") != (age is None or age >= ADULT):
        return None
    egfr = Egfr(measurement.value, measurement.when, measurement, False, measurement.comparator)
    rules = facts.knowledge.kidney.schwartz
    if age is None or age >= rules.categories_from_age:
        return egfr
    in_own_range = measurement.low is not None and below(measurement, measurement.low) is False
    return egfr._replace(says="not-reduced") if age >= rules.from_age and in_own_range else None


def _ckd_epi(facts: Facts, creatinine: Measurement, value: float) -> Egfr:
    """CKD-EPI 2021; with an unknown sex both, which say something only if both fall into one category (REN-1)."""
    chapter, born = facts.knowledge.kidney, facts.chart.patient.born
    assert born is not None
    age = (creatinine.when.instant.date() - born).days / 365.25
    sexes = (facts.sex,) if facts.sex else ("female", "male")
    values = [ckd_epi_2021(value, age, sex, chapter) for sex in sexes]
    agree = len({_category(each, chapter) for each in values}) == 1
    return Egfr(min(values), creatinine.when, creatinine, True, says="value" if agree else "nothing")


def _schwartz(facts: Facts, creatinine: Measurement, value: float, age: float) -> Egfr | None:
    """Bedside Schwartz, from the height nearest to the sample; None without one, and under 2 years (REN-4)."""
    chapter = facts.knowledge.kidney
    rules = chapter.schwartz
    if age < rules.categories_from_age:
        return None
    days = rules.height_days_from_15_years if age >= 15 else rules.height_days
    heights = facts(reported_results).around("body-height", creatinine.when, days=days)
    known = [(each.when, each.value) for each in heights if each.value and not each.comparator]
    if not known:
        return None
    _, height = min(known, key=lambda each: days_between(each[0], creatinine.when))
    return Egfr(schwartz(value, height, chapter), creatinine.when, creatinine, True)


def _of_day(day: list[Egfr], chapter: KidneyChapter) -> tuple[Egfr, tuple[Text, ...]]:
    """The estimate of a day. D-18: where the laboratory and we disagree across 60 or 30, the lower one decides."""
    preferred = day[0]
    ours = next((each for each in day if each.computed and each.says == "value"), None)
    if ours is None:
        return preferred, ()
    sides = chapter.ckd_epi_2021.sides
    apart = [
        each
        for each in day
        if not each.computed and any({each.below(side), ours.below(side)} == {True, False} for side in sides)
    ]
    if not apart:
        return preferred, ()
    theirs = min(apart, key=_height)
    lower = min(ours, theirs, key=_height)
    words = f"{theirs.comparator}{theirs.value:.0f} / {ours.value:.1f}"
    remark = Text(
        f"eGFR reported / computed: {words} {_UNIT}; the lower one decides (D-18)",
        f"DFG rendu / calculé : {words.replace('.', ',')} {_UNIT} ; le plus bas est retenu (D-18)",
    )
    return lower, (remark,)


def _height(egfr: Egfr) -> tuple[float, bool]:
    return egfr.value, not egfr.comparator.startswith("<")


def _is_chronic(series: list[Egfr], chapter: KidneyChapter) -> bool:
    """REN-2: reduced on two results far enough apart with none above in between."""
    rules = chapter.chronicity
    run = list(takewhile(lambda egfr: egfr.below(rules.egfr_below) is True, series))
    return bool(run) and days_between(run[0].when, run[-1].when) >= rules.apart_days


def _category(value: float, chapter: KidneyChapter) -> Category:
    return next(each.name for each in chapter.categories if value >= each.from_)


def _row(egfr: Egfr) -> Evidence:
    how = Text("computed from creatinine", "calculé à partir de la créatinine") if egfr.computed else None
    return Evidence(_EGFR, egfr.measurement.source, Value(egfr.value, _UNIT, 0, egfr.comparator), egfr.when, how)


def _at(moment: Moment) -> int:
    return moment.at


def _all_weak(recognised: tuple[Recognised, ...]) -> bool:
    return bool(recognised) and all(each.weight == "weak" for each in recognised)


def _said(recognised: Iterable[Recognised]) -> tuple[Evidence, ...]:
    return tuple(recognition_row(each) for each in recognised)
