"""What must be said whatever the class is: calcium alarms, spurious calcium, unusable results, the red flag."""

from __future__ import annotations

from collections.abc import Iterator

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.calcium import assess_calcium
from cds.reasoning.chart import Measurement, Moment, Ref
from cds.reasoning.conclusions import Conclusion, Evidence, Gap, Text
from cds.reasoning.critical import alarm
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import RECENT
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.metabolic import confounders
from cds.reasoning.patient import paraproteins
from cds.reasoning.recognition import Recognised, recognition_row
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days
from cds.reasoning.workup import Wanted

__all__ = ["alarm_conclusions", "red_flag_conclusion"]


def alarm_conclusions(facts: Facts) -> Iterator[Wanted]:
    """CAL-4, LAB-4 and LAB-1/LAB-2, once TRG-1 (a) or (b) has opened the service."""
    if not facts(recorded_calcifications):
        return
    yield from _calcium_alarm(facts)
    yield from _spurious_calcium(facts)
    yield from _unusable_results(facts)


_CONFIRM = Text(
    "The total value is not reliable or not verified: ionised calcium first, today.",
    "La valeur totale n'est pas fiable ou pas vérifiée : calcium ionisé d'abord, le jour même.",
)


def _calcium_alarm(facts: Facts) -> Iterator[Wanted]:
    found = alarm(facts)
    if found is None:
        return
    notes = [_CONFIRM] if found.confirm_first else []
    also = confounders(facts) if found.card in ("C-CRIT-CA-HIGH", "C-URG-CA") else None
    if also is not None:
        notes.append(also)
    rules = facts.knowledge.minerals.alarm
    conclusion = Conclusion(
        found.card,
        "CAL-4",
        certainty="probable" if found.confirm_first else "confirmed",
        evidence=found.evidence,
        notes=tuple(notes),
        sources=rules.source.tags,
    )
    yield Wanted(conclusion, repeat=True)


_NORMAL = "ionised-normal"
_DOUBTS = {
    "ionised-normal": Text("Ionised calcium is normal.", "Le calcium ionisé est normal."),
    "paraprotein": Text("A monoclonal protein can bind calcium.", "Une protéine monoclonale peut fixer le calcium."),
    "platelets": Text("Platelets are above 1000 G/L.", "Les plaquettes dépassent 1000 G/L."),
    "albumin": Text(
        "Albumin is above 50 g/L (dehydration, tourniquet).", "L'albumine dépasse 50 g/L (déshydratation, garrot)."
    ),
}


def _spurious_calcium(facts: Facts) -> Iterator[Wanted]:
    doubt = facts(assess_calcium).doubt
    if not doubt or facts(assess_calcium).total is None:
        return
    rows = list(
        facts(usable_results).rows((facts(assess_calcium).total, facts(usable_results).numeric("calcium-ionised")))
    )
    rows += [_paraprotein_row(facts, each) for each in facts(paraproteins)]
    conclusion = Conclusion(
        "C-PSEUDO",
        "LAB-4",
        variant="IONISED-NORMAL" if doubt == _NORMAL else "IONISED-UNKNOWN",
        certainty="probable" if doubt == _NORMAL else "possible",
        evidence=tuple(dict.fromkeys(rows)),
        notes=(_DOUBTS[doubt],),
        sources=facts.knowledge.minerals.pseudo.source.tags,
    )
    yield Wanted(conclusion)


def _paraprotein_row(facts: Facts, each: Recognised | Measurement) -> Evidence:
    return facts(usable_results).evidence(each) if isinstance(each, Measurement) else recognition_row(each)


_UNIT_REASONS = frozenset({"unit-missing", "unit-unknown", "implausible", "looks-like-mg-dl", "looks-like-mmol-l"})
_WATCHED = frozenset({"calcium-total", "calcium-corrected", "calcium-ionised", "phosphate", "creatinine"})


def _unusable_results(facts: Facts) -> Iterator[Wanted]:
    """C-UNIT: a calcium, phosphate or creatinine of the last year that could not be used."""
    rows: list[Evidence] = []
    for each in facts.chart.not_used:
        if each.lab in _WATCHED and each.reason in _UNIT_REASONS and _is_young(facts, each.when):
            rows.append(Evidence(facts(usable_results).label(each.lab), _ref(each.reference), each.written, each.when))
    for measurement, reason in facts(usable_results).refused:
        if reason in _UNIT_REASONS:
            row = facts(usable_results).evidence(measurement)
            rows.append(row._replace(value=measurement.as_written()))
    if rows:
        conclusion = Conclusion("C-UNIT", "LAB-2", certainty="confirmed", evidence=tuple(dict.fromkeys(rows)))
        yield Wanted(conclusion)


def _is_young(facts: Facts, when: Moment | None) -> bool:
    return when is None or age_days(facts.now, when) <= RECENT


def _ref(reference: str) -> Ref:
    kind, _, name = reference.partition("/")
    return Ref(kind, name)


def red_flag_conclusion(facts: Facts) -> Wanted | None:
    """C-CALCIPH or C-CALCIPH-W."""
    flag = facts(assess_red_flag)
    if not flag.open:
        return None
    rules = facts.knowledge.redflag
    medicines = medicines_taken(
        facts, "vitamin-k-antagonist", "calcium-salts", "vitamin-d-supplement", "systemic-glucocorticoid"
    )
    rows = (*flag.evidence, *map(calcification_row, facts(recorded_calcifications)), *map(medicine_row, medicines))
    minerals = facts(usable_results).rows(
        facts(usable_results).latest(lab) for lab in ("calcium-ionised", "calcium-total", "phosphate", "pth-intact")
    )
    notes = (_DOWNGRADED,) if flag.downgraded else ()
    gaps = () if facts(assess_kidney).known else (Gap("missing", Text("kidney function", "fonction rénale")),)
    conclusion = Conclusion(
        "C-CALCIPH" if flag.level == "critical" else "C-CALCIPH-W",
        rules.id,
        certainty="possible",
        evidence=tuple(dict.fromkeys((*rows, *minerals))),
        gaps=gaps,
        notes=notes,
        sources=rules.source.tags,
        decisions=("D-20",),
    )
    return Wanted(conclusion)


_DOWNGRADED = Text(
    "Gangrene of toe, foot or finger with arterial disease, diabetes or systemic sclerosis: a warning, not an alarm.",
    "Gangrène d'un orteil, du pied ou d'un doigt avec artériopathie, diabète ou sclérodermie : avertissement, non alarme.",
)
