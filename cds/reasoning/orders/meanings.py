"""What the questions of rules/orders.yaml mean for one draft order and one patient.

Besides the vocabulary of every chapter: what is being ordered, and the words of ORD-0e. Those are answered yes or no,
never unknown: a missing datum raises nothing and excuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.calcium import assess_calcium, calcium_rows
from cds.reasoning.chart import Draft, Problem
from cds.reasoning.classification import classify
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.critical import alarm
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.knowledge.vocabulary import Bound, LabBound
from cds.reasoning.medicines import medicine_row
from cds.reasoning.metabolic import assess_metabolic
from cds.reasoning.minerals import assess_phosphate, product
from cds.reasoning.orders import places
from cds.reasoning.orders.classes import drafted, taken
from cds.reasoning.orders.now import calcium_now, past_calciphylaxis, phosphate_is_high
from cds.reasoning.questions import MEANINGS, Answer, Meaning
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days
from cds.reasoning.venous.stage import staging

__all__ = ["draft_row", "meanings_for"]

DRAFT = Text("Draft order", "Brouillon de prescription")
_PRESSURES = {
    "ankle-brachial-index": Text("Ankle-brachial index", "Index de pression systolique à la cheville"),
    "ankle-pressure": Text("Ankle pressure", "Pression de cheville"),
    "toe-pressure": Text("Toe pressure", "Pression d'orteil"),
}


def draft_row(draft: Draft) -> Evidence:
    """A row for a draft order, in its own words."""
    names = (*draft.texts, *(match.coding.display or match.coding.code for match in draft.matches), *draft.loincs)
    return Evidence(DRAFT, draft.source, next((name for name in names if name), ""))


def meanings_for(draft: Draft, classes: frozenset[str]) -> Mapping[str, Meaning]:
    """The vocabulary, for one draft and the classes that it belongs to."""
    about: dict[str, Callable[[Facts, Draft, Any], Answer]] = _ABOUT_THE_DRAFT
    return {
        **_MEANINGS,
        "draft": lambda _facts, names: Answer(not classes.isdisjoint(names)),
        **{word: _bind(meaning, draft) for word, meaning in about.items()},
    }


def _bind(meaning: Callable[[Facts, Draft, Any], Answer], draft: Draft) -> Meaning:
    return lambda facts, argument: meaning(facts, draft, argument)


def _yes(rows: Iterable[Evidence]) -> Answer:
    """Yes where there is something to show."""
    shown = tuple(rows)
    return Answer(bool(shown), shown)


# --- what is taken and recorded -------------------------------------------------------------------------------------


def _drafted(facts: Facts, draft: Draft, names: tuple[str, ...]) -> Answer:
    return _yes(map(draft_row, drafted(facts, draft, names)))


def _taken(facts: Facts, names: tuple[str, ...]) -> Answer:
    return _yes(map(medicine_row, taken(facts, names)))


def _said(found: Iterable[Recognised]) -> Answer:
    return _yes(recognition_row(each) for each in found if "hypothetical" not in each.reasons)


def _recorded(facts: Facts, names: tuple[str, ...]) -> Answer:
    return _said(facts(recognise).active(*names))


def _accepted(facts: Facts, names: tuple[str, ...]) -> Answer:
    return _said(each for each in facts(recognise).active(*names) if isinstance(each.datum, Problem))


def _calcification_recorded(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    found = facts(recorded_calcifications)
    return Answer(bool(found) is ("yes" in wanted), tuple(map(calcification_row, found)))


# --- calcium, phosphate, kidneys ------------------------------------------------------------------------------------


def _calcium_now(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    now = facts(calcium_now)
    return Answer(not now.states.isdisjoint(wanted), now.evidence)


def _calcium_under(facts: Facts, limits: Mapping[str, float]) -> Answer:
    calcium = facts(assess_calcium)
    sample = calcium.sample
    if sample is None or sample.value is None:
        return Answer(False)
    limit = limits["ionised" if sample.kind == "ionised" else "total"]
    return Answer(sample.value < limit, facts(calcium_rows))


def _calcium_alarm(facts: Facts, wanted: bool) -> Answer:
    return Answer((alarm(facts) is not None) is wanted)


def _calcium_high_since(facts: Facts, days: int) -> Answer:
    return Answer(any(age_days(facts.now, each) >= days for each in facts(assess_calcium).high_dates))


def _phosphate_now(facts: Facts, _wanted: tuple[str, ...]) -> Answer:
    rows = facts(usable_results).rows((facts(assess_phosphate).measurement,))
    return Answer(facts(phosphate_is_high), rows)


def _product(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    found = product(facts)
    if found is None:
        return Answer(False)
    value, flag = found
    row = Evidence(facts.knowledge.orders.product, None, Value(value, "mmol²/L²"))
    rows = facts(usable_results).rows((facts(assess_phosphate).measurement,))
    reached = flag == "very-high" or (flag == "raised" and "raised" in wanted)
    return Answer(reached, (*facts(calcium_rows), *rows, row))


def _measured(facts: Facts, asked: LabBound) -> Answer:
    return _yes(facts(usable_results).rows((facts(usable_results).latest(asked.lab, days=asked.days),)))


def _acute_kidney_injury(facts: Facts, wanted: bool) -> Answer:
    kidney = facts(assess_kidney)
    results = facts(usable_results).rows(facts(usable_results).all("creatinine", days=7)[:2])
    return Answer(kidney.acute is wanted, (*kidney.evidence, *results))


# --- what other chapters concluded ----------------------------------------------------------------------------------


def _red_flag(facts: Facts, levels: tuple[str, ...]) -> Answer:
    flag = facts(assess_red_flag)
    return Answer(flag.among(levels), flag.evidence)


def _calciphylaxis(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    flag = facts(assess_red_flag)
    if ("open" in wanted and flag.open) or ("active" in wanted and flag.level == "critical"):
        return Answer(True, flag.evidence)
    return _yes(map(recognition_row, facts(past_calciphylaxis))) if "past" in wanted else Answer(False)


def _class(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    rows = [calcification_row(each) for each in facts(recorded_calcifications)]
    rows += [row for cause in facts(assess_metabolic).causes for row in cause.evidence]
    return Answer(facts(classify).classification in wanted, tuple(dict.fromkeys(rows)))


def _cause(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    found = [each for each in facts(assess_metabolic).causes if each.id in wanted]
    reached = [each for each in found if each.level in ("probable", "confirmed")]
    return Answer(bool(reached), tuple(row for each in reached for row in each.evidence))


# --- legs, masses, muscles ------------------------------------------------------------------------------------------


def _pressure(concept: str) -> Callable[[Facts, Draft, Bound | None], Answer]:
    def asked(facts: Facts, draft: Draft, bound: Bound | None) -> Answer:
        found = places.pressure(facts, draft, concept)
        if found is None:
            return Answer(bound is None)
        digits = 2 if concept == "ankle-brachial-index" else 0
        return Answer(bound is not None and bound.holds(found.value), (found.row(_PRESSURES[concept], digits),))

    return asked


def _leg_ulcer(facts: Facts, _wanted: tuple[str, ...]) -> Answer:
    return _yes(places.ulcers(facts))


def _venous_disease(facts: Facts, wanted: bool) -> Answer:
    found = facts(staging)
    return Answer(found.context is wanted, tuple(map(recognition_row, found.diagnoses)))


def _mass(facts: Facts, draft: Draft, wanted: tuple[str, ...]) -> Answer:
    rows: list[Evidence] = []
    if "red-flag" in wanted:
        rows += places.red_flag_mass(facts, draft)
    if "named" in wanted:
        rows += map(recognition_row, places.named_tumours(facts, draft))
    return _yes(rows)


def _mri(facts: Facts, draft: Draft, wanted: tuple[str, ...]) -> Answer:
    reported = "reported" in wanted and bool(places.mri_reports(facts, draft))
    return Answer(reported or ("asked" in wanted and bool(places.mri_asked(facts, draft))))


def _myonecrosis(facts: Facts, draft: Draft, wanted: tuple[str, ...]) -> Answer:
    find = places.imaged_myonecrosis if "imaged" in wanted else places.myonecrosis
    return _yes(find(facts, draft))


_MEANINGS: Mapping[str, Meaning] = {
    **MEANINGS,
    "taken": _taken,
    "recorded": _recorded,
    "accepted": _accepted,
    "calcification-recorded": _calcification_recorded,
    "calcium-now": _calcium_now,
    "calcium-under": _calcium_under,
    "calcium-alarm": _calcium_alarm,
    "calcium-high-since": _calcium_high_since,
    "phosphate-now": _phosphate_now,
    "calcium-phosphate-product": _product,
    "measured": _measured,
    "acute-kidney-injury": _acute_kidney_injury,
    "red-flag": _red_flag,
    "calciphylaxis": _calciphylaxis,
    "class": _class,
    "cause": _cause,
    "leg-ulcer": _leg_ulcer,
    "venous-disease": _venous_disease,
}

_ABOUT_THE_DRAFT: dict[str, Callable[[Facts, Draft, Any], Answer]] = {
    "drafted": _drafted,
    **{concept: _pressure(concept) for concept in _PRESSURES},
    "mass": _mass,
    "mri": _mri,
    "calcific-myonecrosis": _myonecrosis,
}
