"""What each question of a criterion means for a patient: true, false or unknown, with the evidence.

Three-valued: unknown is never false and never normal; only a question that names `unknown` is satisfied by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.calcium import assess_calcium, calcium_rows
from cds.reasoning.chart import Measurement
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts
from cds.reasoning.forms import recognised_forms
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.knowledge.criteria import Criterion
from cds.reasoning.knowledge.vocabulary import Bound, LabBound
from cds.reasoning.laboratory import RECENT, above, below
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.minerals import assess_anomaly, assess_phosphate, assess_pth
from cds.reasoning.patient import paraproteins
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.results import usable_results
from cds.reasoning.time import days_between, years_since

__all__ = ["MEANINGS", "Answer", "Meaning", "ask"]


class Answer(msgspec.Struct, frozen=True, gc=False):
    """true, false or unknown (None), with its evidence."""

    truth: bool | None
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    """`lab_id`s and other names of data that would decide, where the answer is unknown."""


Meaning = Callable[[Facts, Any], Answer]


Question = Callable[[Facts], Answer]
Asked = Callable[[Facts, dict[Question, Answer], Mapping[str, Meaning]], Answer]
"""A criterion as a function of the patient, what was answered before, and the words that only one chapter may use."""


def ask(criterion: Criterion, facts: Facts, meanings: Mapping[str, Meaning] = MappingProxyType({})) -> Answer:
    """The answer of `facts` to `criterion`. `meanings` adds words that only one chapter may use."""
    asked = criterion.compiled
    if asked is None:
        asked = criterion.compiled = _compiled(criterion)
    answer: Answer = asked(facts, facts(_answered), meanings)
    return answer


def _answered(facts: Facts) -> dict[Question, Answer]:
    """What was asked of this patient before."""
    del facts
    return {}


def _compiled(criterion: Criterion) -> Asked:
    """One function for a whole criterion: the same few are asked of every patient."""
    parts = [_compiled(part) for part in criterion.parts]
    match criterion.kind:
        case "all":
            return _joined(parts, decides=False)
        case "any":
            return _joined(parts, decides=True)
        case "not":
            return _denied(*parts)
        case kind if kind in MEANINGS:
            return _asked_once(_question(kind, criterion.argument))
        case kind:
            # What one chapter alone may ask can mean something else at each draft order: it is asked every time.
            argument = criterion.argument
            return lambda facts, _, meanings: meanings[kind](facts, argument)


@cache
def _question(kind: str, argument: Any) -> Question:
    """Many rules ask the same: all of them have the same function."""
    meaning = MEANINGS[kind]
    return lambda facts: meaning(facts, argument)


def _asked_once(question: Question) -> Asked:
    def asked(facts: Facts, answered: dict[Question, Answer], _: Mapping[str, Meaning]) -> Answer:
        answer = answered.get(question)
        if answer is None:
            answer = answered[question] = question(facts)
        return answer

    return asked


def _denied(part: Asked) -> Asked:
    def asked(facts: Facts, answered: dict[Question, Answer], meanings: Mapping[str, Meaning]) -> Answer:
        answer = part(facts, answered, meanings)
        return answer if answer.truth is None else Answer(not answer.truth, answer.evidence, answer.missing)

    return asked


def _joined(parts: Sequence[Asked], *, decides: bool) -> Asked:
    """`any` is decided by the first true part, `all` by the first false one; else one unknown part leaves it open."""

    def asked(facts: Facts, answered: dict[Question, Answer], meanings: Mapping[str, Meaning]) -> Answer:
        evidence: tuple[Evidence, ...] = ()
        missing: tuple[str, ...] = ()
        unknown = False
        for part in parts:
            answer = part(facts, answered, meanings)
            if answer.truth is decides:
                return answer
            if answer.truth is None:
                unknown = True
                missing += answer.missing
            evidence += answer.evidence
        return Answer(None, evidence, missing) if unknown else Answer(not decides, evidence)

    return asked


# --- what the record says ------------------------------------------------------------------------------------------


_NO = Answer(False)
_DIAGNOSES = ("conditions",)
"""Where a diagnosis would stand."""
_MENTIONS = ("conditions", "reports")


def _recorded(facts: Facts, found: Collection[Recognised], kinds: tuple[str, ...]) -> Answer:
    """What is recorded is true; what is not recorded is false where the record was seen, unknown where it was not."""
    if found:
        return Answer(True, tuple(map(recognition_row, found)))
    if facts.chart.complete(*kinds):
        return _NO
    return Answer(None, (), tuple(kind for kind in kinds if not facts.chart.complete(kind)))


def _diagnosis(facts: Facts, names: tuple[str, ...]) -> Answer:
    return _recorded(facts, [each for each in facts(recognise).active(*names) if each.weight == "strong"], _DIAGNOSES)


def _mention(facts: Facts, names: tuple[str, ...]) -> Answer:
    return _recorded(facts, facts(recognise).active(*names), _MENTIONS)


def _mention_alone(facts: Facts, names: tuple[str, ...]) -> Answer:
    return _recorded(facts, [each for each in facts(recognise).active(*names) if each.alone], _DIAGNOSES)


def _reported(facts: Facts, names: tuple[str, ...]) -> Answer:
    found = [
        each
        for each in facts(recognise).active(*names)
        if each.source.type == "DiagnosticReport" and not {"hypothetical", "preliminary"} & set(each.reasons)
    ]
    return _recorded(facts, found, ("reports",))


def _medicine(facts: Facts, names: tuple[str, ...]) -> Answer:
    taken = medicines_taken(facts, *names)
    if taken:
        return Answer(True, tuple(medicine_row(each) for each in taken))
    return _NO if facts.chart.complete("medications") else Answer(None, (), ("medications",))


def _age(facts: Facts, bound: Bound) -> Answer:
    return Answer(None, (), ("birth-date",)) if facts.age is None else Answer(bound.holds(facts.age))


def _form(facts: Facts, names: tuple[str, ...]) -> Answer:
    found = [each for each in facts(recognised_forms) if each.id in names]
    return Answer(bool(found), tuple(row for each in found for row in each.evidence))


def _calcification(facts: Facts, names: tuple[str, ...]) -> Answer:
    sites = facts.language.sites
    found = [
        each
        for each in facts(recorded_calcifications)
        if each.layers & set(names) or any(name in sites.regions and sites.within(each.site, name) for name in names)
    ]
    return Answer(bool(found), tuple(calcification_row(each) for each in found))


# --- calcium, phosphate, PTH ---------------------------------------------------------------------------------------


def _among(status: str, wanted: tuple[str, ...], rows: tuple[Evidence, ...], missing: str) -> Answer:
    """A status is one of those wanted; a status that nobody knows is neither that nor anything else."""
    if status in wanted:
        return Answer(True, rows)
    return Answer(None, rows, (missing,)) if status in ("unknown", "unreliable") else Answer(False, rows)


def _calcium(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    calcium = facts(assess_calcium)
    return _among(calcium.settled, wanted, facts(calcium_rows), "calcium")


def _hypercalcaemia(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    calcium = facts(assess_calcium)
    rows = facts(calcium_rows)
    if calcium.hypercalcaemia in wanted:
        return Answer(True, rows)
    open_ = calcium.status in ("unknown", "unreliable") or calcium.hypercalcaemia == "unverified"
    return Answer(None, rows, ("calcium",)) if open_ else Answer(False, rows)


def _high_calcium(facts: Facts, days: int) -> Answer:
    dates = facts(assess_calcium).high_dates
    return Answer(bool(dates) and days_between(dates[0], dates[-1]) >= days)


def _phosphate(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    phosphate = facts(assess_phosphate)
    rows = facts(usable_results).rows((phosphate.measurement,))
    return _among(phosphate.status, wanted, rows, "phosphate")


def _phosphate_anomaly(facts: Facts, wanted: bool) -> Answer:
    phosphate = facts(assess_phosphate)
    if phosphate.status == "unknown":
        return Answer(None, (), ("phosphate",))
    return Answer(phosphate.anomaly is wanted, facts(usable_results).rows(phosphate.highs))


def _phosphate_haemolysed(facts: Facts, wanted: bool) -> Answer:
    return Answer(facts(assess_phosphate).haemolysed is wanted)


def _pth(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    pth = facts(assess_pth)
    return _among(pth.paired, wanted, facts(usable_results).rows((pth.pair,)), "pth-intact")


def _pth_status(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    pth = facts(assess_pth)
    return _among(pth.status, wanted, facts(usable_results).rows((pth.measurement,)), "pth-intact")


def _pth_multiple(facts: Facts, bound: Bound) -> Answer:
    pth = facts(assess_pth)
    upper = None if pth.measurement is None else facts(usable_results).upper_limit(pth.measurement)
    if pth.measurement is None or not upper:
        return Answer(None, (), ("pth-intact",))
    over = above(pth.measurement, upper * (bound.upper if bound.kind == "outside" else bound.limit))
    under = below(pth.measurement, upper * bound.limit)
    truth = {"above": over, "below": under}.get(bound.kind, _either(over, under))
    return Answer(truth, facts(usable_results).rows((pth.measurement,)), ("pth-intact",) if truth is None else ())


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if one is None or other is None else False


def _anomaly(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    anomaly = facts(assess_anomaly)
    if anomaly.kinds & set(wanted) or ("any" in wanted and anomaly.present):
        return Answer(True, anomaly.evidence)
    unknown = {
        "calcium": facts(assess_calcium).settled in ("unknown", "unreliable"),
        "phosphate": facts(assess_phosphate).status == "unknown",
        "pth-intact": facts(assess_pth).measurement is None,
    }
    missing = tuple(name for name, open_ in unknown.items() if open_)
    return Answer(None, (), missing) if missing else Answer(False)


def _paraprotein(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    results = facts(usable_results)
    rows = tuple(
        results.evidence(each) if isinstance(each, Measurement) else recognition_row(each)
        for each in facts(paraproteins)
    )
    if rows:
        return Answer("present" in wanted, rows)
    spike = results.latest("m-protein", days=3 * RECENT)
    looked = results.rows((spike,))
    return Answer("absent" in wanted, looked) if looked else Answer(None, (), ("m-protein",))


# --- kidneys -------------------------------------------------------------------------------------------------------


def _kidney(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    kidney = facts(assess_kidney)
    if kidney.category is None:
        return Answer(None, kidney.evidence, ("creatinine",))
    return Answer(kidney.category in wanted, kidney.evidence)


def _kidney_in_words(facts: Facts, wanted: bool) -> Answer:
    kidney = facts(assess_kidney)
    return Answer(kidney.weak is wanted, kidney.evidence)


def _egfr(facts: Facts, bound: Bound) -> Answer:
    kidney = facts(assess_kidney)
    under = kidney.egfr_below(bound.limit)
    if under is None:
        return Answer(None, kidney.evidence, ("creatinine",))
    return Answer(under if bound.kind == "below" else not under, kidney.evidence)


def _creatinine_rise(facts: Facts, bound: Bound) -> Answer:
    rise = facts(assess_kidney).creatinine_rise
    if rise is None:
        return Answer(None, (), ("creatinine",))
    results = facts(usable_results)
    return Answer(bound.holds(rise), results.rows(results.all("creatinine", days=RECENT)[:2]))


def _dialysis_years(facts: Facts, bound: Bound | None) -> Answer:
    kidney = facts(assess_kidney)
    since = kidney.dialysis_since
    if bound is None:
        return Answer(kidney.dialysis and since is None)
    if since is None:
        return Answer(None if kidney.dialysis else False, (), ("dialysis-start",))
    years = years_since(facts.now, since)
    row = Evidence(Text("Dialysis since", "Dialyse depuis"), None, Value(years, "a", 0), since)
    return Answer(bound.holds(years), (row,))


def _transplant_years(facts: Facts, bound: Bound) -> Answer:
    grafts = facts(recognise).active("kidney-transplant")
    dated = [each for each in grafts if each.when is not None]
    if not dated:
        return Answer(
            None if grafts else False, tuple(map(recognition_row, grafts)), ("transplant-date",) * bool(grafts)
        )
    newest = min(dated, key=lambda each: years_since(facts.now, each.when))  # type: ignore[arg-type]
    assert newest.when is not None
    return Answer(bound.holds(years_since(facts.now, newest.when)), (recognition_row(newest),))


# --- any other laboratory test -------------------------------------------------------------------------------------


def _lab(facts: Facts, asked: LabBound) -> Answer:
    found = facts(usable_results).numeric(asked.lab, days=asked.days)
    if found is None:
        return Answer(None, (), (asked.lab,))
    truths: list[bool | None] = []
    if asked.above is not None:
        truths.append(above(found, asked.above))
    if asked.below is not None:
        truths.append(below(found, asked.below))
    if asked.from_ is not None:
        under = below(found, asked.from_)
        truths.append(None if under is None else not under)
    truth = False if False in truths else None if None in truths else True
    return Answer(truth, facts(usable_results).rows((found,)), (asked.lab,) if truth is None else ())


def _lab_status(facts: Facts, asked: LabBound) -> Answer:
    results = facts(usable_results)
    found = results.latest(asked.lab, days=asked.days)
    return _among(results.status(found), asked.status, results.rows((found,)), asked.lab)


def _lab_low(facts: Facts, asked: LabBound) -> Answer:
    results = facts(usable_results)
    found = results.numeric(asked.lab, days=asked.days)
    if found is None:
        return Answer(None, (), (asked.lab,))
    limit = found.low if found.low is not None else asked.below or 0.0
    truth = below(found, limit)
    return Answer(truth, results.rows((found,)), (asked.lab,) if truth is None else ())


def _lab_upper_half(facts: Facts, names: tuple[str, ...]) -> Answer:
    results = facts(usable_results)
    found = results.numeric(names[0])
    low, high = results.limits(found) if found is not None else (None, None)
    if found is None or low is None or high is None:
        return Answer(None, results.rows((found,)), names)
    under = below(found, (low + high) / 2)
    return Answer(None if under is None else not under, results.rows((found,)))


def _calcium_creatinine_clearance(facts: Facts, bound: Bound) -> Answer:
    results = facts(usable_results)
    urine, creatinine, total = (
        results.latest(lab, where=lambda each: each.value is not None and not each.comparator)
        for lab in ("urine-calcium-creatinine", "creatinine", "calcium-total")
    )
    if urine is None or creatinine is None or total is None or not total.value:
        return Answer(None, (), ("urine-calcium-creatinine",))
    ratio = (urine.value or 0.0) * (creatinine.value or 0.0) / 1000 / total.value
    label = Text("Calcium/creatinine clearance ratio", "Rapport de clairance calcium/créatinine")
    return Answer(
        bound.holds(ratio), (*results.rows((urine, creatinine, total)), Evidence(label, None, Value(ratio, "", 4)))
    )


MEANINGS: Mapping[str, Meaning] = {
    "diagnosis": _diagnosis,
    "mention": _mention,
    "mention-alone": _mention_alone,
    "reported": _reported,
    "medicine": _medicine,
    "age": _age,
    "form": _form,
    "calcification": _calcification,
    "calcium": _calcium,
    "hypercalcaemia": _hypercalcaemia,
    "high-calcium": _high_calcium,
    "phosphate": _phosphate,
    "phosphate-anomaly": _phosphate_anomaly,
    "phosphate-haemolysed": _phosphate_haemolysed,
    "pth": _pth,
    "pth-status": _pth_status,
    "pth-multiple": _pth_multiple,
    "anomaly": _anomaly,
    "paraprotein": _paraprotein,
    "kidney": _kidney,
    "kidney-in-words": _kidney_in_words,
    "egfr": _egfr,
    "creatinine-rise": _creatinine_rise,
    "dialysis-years": _dialysis_years,
    "transplant-years": _transplant_years,
    "lab": _lab,
    "lab-status": _lab_status,
    "lab-low": _lab_low,
    "lab-upper-half": _lab_upper_half,
    "calcium-creatinine-clearance": _calcium_creatinine_clearance,
}
"""Every word of the vocabulary that any chapter may use."""
