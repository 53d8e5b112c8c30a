"""The vocabulary of criteria: each word documented once, each answer true, false or unknown with its evidence.

Left of the colon in rules/ stands one of these words; right of it the answer that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cds.reasoning.calcifications import calcification_row
from cds.reasoning.calcium import calcium_rows
from cds.reasoning.chart import Measurement, Medicine
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.criteria import Answer, Ask, question
from cds.reasoning.kidney import Kidney
from cds.reasoning.laboratory import RECENT, above, below
from cds.reasoning.recognition import Recognised, recognition_row
from cds.reasoning.time import days_between, years_since

if TYPE_CHECKING:
    from cds.reasoning.facts import Facts

__all__ = ["medicine_row"]


# --- reading the right-hand side -----------------------------------------------------------------------------------


def _names(raw: Any, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
    names = tuple(map(str, raw)) if isinstance(raw, list) else (str(raw),)
    if allowed is not None:
        wrong = [name for name in names if name not in set(allowed)]
        if wrong:
            raise ValueError(f"'{wrong[0]}' is not one of {', '.join(allowed)}")
    return names


Bound = Callable[[float], bool]
_BOUNDS: dict[str, Callable[[Any], Bound]] = {
    "above": lambda limit: lambda value: value > float(limit),
    "below": lambda limit: lambda value: value < float(limit),
    "at-least": lambda limit: lambda value: value >= float(limit),
    "outside": lambda span: lambda value: not float(span[0]) <= value <= float(span[1]),
}


def _bound(raw: Any) -> Bound:
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in _BOUNDS:
        raise ValueError(f"write one of {', '.join(_BOUNDS)} with a number")
    ((name, limit),) = raw.items()
    return _BOUNDS[name](limit)


# --- what the record says ------------------------------------------------------------------------------------------


def _rows(recognised: Iterable[Recognised]) -> tuple[Evidence, ...]:
    return tuple(recognition_row(each) for each in recognised)


def _said(facts: Facts, found: Iterable[Recognised]) -> Answer:
    """What is recorded is true; what is not recorded is false where the record was seen, unknown where it was not."""
    rows = _rows(found)
    if rows:
        return Answer(True, rows)
    return Answer(False) if facts.chart.complete("conditions") else Answer(None, (), ("conditions",))


@question("diagnosis", "a confirmed diagnosis of {}", "un diagnostic confirmé de {}")
def diagnosis(raw: Any) -> Ask:
    """An active, confirmed diagnosis with a code of the value set."""
    names = _names(raw)
    return lambda facts: _said(facts, [each for each in facts.recognition.active(*names) if each.weight == "strong"])


@question("mention", "a mention of {} (also provisional, or in words)", "une mention de {} (aussi provisoire, ou en texte)")
def mention(raw: Any) -> Ask:
    """An active diagnosis, finding or report that says the concept or pattern, whatever its weight."""
    names = _names(raw)
    return lambda facts: _said(facts, facts.recognition.active(*names))


@question("mention-alone", "{} recorded without anything more precise", "{} inscrit sans autre précision")
def mention_alone(raw: Any) -> Ask:
    """An active diagnosis that says this concept and no other (D-13)."""
    names = _names(raw)
    return lambda facts: _said(facts, [each for each in facts.recognition.active(*names) if each.alone])


@question("reported", "a final report that says {}", "un compte rendu validé qui mentionne {}")
def reported(raw: Any) -> Ask:
    """A final report that says the concept or pattern without a hypothetical word."""
    names = _names(raw)

    def ask(facts: Facts) -> Answer:
        found = [
            each
            for each in facts.recognition.active(*names)
            if each.source.type == "DiagnosticReport" and not {"hypothetical", "preliminary"} & set(each.reasons)
        ]
        if found:
            return Answer(True, _rows(found))
        return Answer(False) if facts.chart.complete("reports") else Answer(None, (), ("reports",))

    return ask


@question("medicine", "{} taken now or until 30 days ago", "prise de {} en cours ou arrêtée depuis 30 jours au plus")
def medicine(raw: Any) -> Ask:
    """A medicine of the class, active or ended at most 30 days ago (ACC-5)."""
    names = _names(raw)

    def ask(facts: Facts) -> Answer:
        taken = facts.medicines(*names)
        if taken:
            return Answer(True, tuple(medicine_row(each) for each in taken))
        return Answer(False) if facts.chart.complete("medications") else Answer(None, (), ("medications",))

    return ask


def medicine_row(medicine: Medicine) -> Evidence:
    """A row of the table for a medicine."""
    name = medicine.texts[0] if medicine.texts else next((m.coding.display or m.coding.code for m in medicine.matches), "")
    return Evidence(Text("Medicine", "Médicament"), medicine.source, name, medicine.since)


@question("age", "age {} years", "âge {} ans")
def age(raw: Any) -> Ask:
    """Age in years."""
    bound = _bound(raw)
    return lambda facts: Answer(None, (), ("birth-date",)) if facts.age is None else Answer(bound(facts.age))


@question("form", "the form {}", "la forme {}")
def form(raw: Any) -> Ask:
    """A recognised form (rules/forms.yaml)."""
    names = _names(raw)

    def ask(facts: Facts) -> Answer:
        found = [each for each in facts.forms if each.id in names]
        return Answer(bool(found), tuple(row for each in found for row in each.evidence))

    return ask


@question("calcification", "a recorded calcification, {}", "une calcification rapportée, {}")
def calcification(raw: Any) -> Ask:
    """A recorded soft-tissue calcification in the layer (subcutaneous, muscle, periarticular …) or area of the body."""
    names = _names(raw)

    def ask(facts: Facts) -> Answer:
        found = [
            each
            for each in facts.calcifications
            if each.layers & set(names) or any(facts.language.sites.within(each.site, name) for name in names)
        ]
        return Answer(bool(found), tuple(calcification_row(each) for each in found))

    return ask


# --- calcium, phosphate, PTH ---------------------------------------------------------------------------------------


@question("calcium", "calcium is {}", "calcémie : {}")
def calcium(raw: Any) -> Ask:
    """Status of the calcium chosen by CAL-1; a high one that is not verified is `unreliable` here (MET-0)."""
    wanted = _names(raw, ("high", "normal", "low", "unreliable", "unknown"))

    def ask(facts: Facts) -> Answer:
        status = facts.calcium.settled
        if status in wanted:
            return Answer(True, calcium_rows(facts.calcium, facts))
        if status in ("unknown", "unreliable"):
            return Answer(None, calcium_rows(facts.calcium, facts), ("calcium",))
        return Answer(False, calcium_rows(facts.calcium, facts))

    return ask


@question("hypercalcaemia", "hypercalcaemia is {}", "hypercalcémie : {}")
def hypercalcaemia(raw: Any) -> Ask:
    """MET-0: verified, unverified (high once and below 3.00, or doubtful by LAB-4), history, or none."""
    wanted = _names(raw, ("verified", "unverified", "history", "none"))

    def ask(facts: Facts) -> Answer:
        state = facts.calcium.hypercalcaemia
        rows = calcium_rows(facts.calcium, facts)
        if state in wanted:
            return Answer(True, rows)
        if facts.calcium.status in ("unknown", "unreliable") or state == "unverified":
            return Answer(None, rows, ("calcium",))
        return Answer(False, rows)

    return ask


@question("high-calcium", "high calcium on dates at least {} apart", "calcémie élevée à des dates distantes : {}")
def high_calcium(raw: Any) -> Ask:
    """High samples on two dates at least so many days apart."""
    if not isinstance(raw, dict) or set(raw) != {"days-apart"}:
        raise ValueError("write {days-apart: 14}")
    days = int(raw["days-apart"])

    def ask(facts: Facts) -> Answer:
        dates = facts.calcium.high_dates
        return Answer(bool(dates) and days_between(dates[0], dates[-1]) >= days)

    return ask


@question("phosphate", "phosphate is {}", "phosphatémie : {}")
def phosphate(raw: Any) -> Ask:
    """Status of the newest phosphate, for age and by the laboratory's own limits."""
    wanted = _names(raw, ("high", "normal", "low", "unknown"))

    def ask(facts: Facts) -> Answer:
        found = facts.phosphate
        rows = facts.laboratory.rows((found.measurement,))
        if found.status in wanted:
            return Answer(True, rows)
        return Answer(None, rows, ("phosphate",)) if found.status == "unknown" else Answer(False, rows)

    return ask


@question("phosphate-anomaly", "a high phosphate that counts as an anomaly: {}", "une hyperphosphatémie retenue comme anomalie : {}")
def phosphate_anomaly(raw: Any) -> Ask:
    """High on two samples, or once where once is enough (ANOM)."""
    wanted = bool(raw)

    def ask(facts: Facts) -> Answer:
        if facts.phosphate.status == "unknown":
            return Answer(None, (), ("phosphate",))
        return Answer(facts.phosphate.anomaly is wanted, facts.laboratory.rows(facts.phosphate.highs))

    return ask


@question("phosphate-haemolysed", "phosphate of a haemolysed sample: {}", "phosphatémie sur prélèvement hémolysé : {}")
def phosphate_haemolysed(raw: Any) -> Ask:
    """The note of the newest high phosphate says haemolysed."""
    return lambda facts: Answer(facts.phosphate.haemolysed is bool(raw))


@question("pth", "PTH beside the high calcium is {}", "PTH en regard de la calcémie élevée : {}")
def pth(raw: Any) -> Ask:
    """PTH drawn within 30 days of a high calcium: suppressed (< 20 ng/L), not-suppressed, or unknown."""
    wanted = _names(raw, ("suppressed", "not-suppressed", "unknown"))

    def ask(facts: Facts) -> Answer:
        rows = facts.laboratory.rows((facts.pth.pair,))
        if facts.pth.paired in wanted:
            return Answer(True, rows)
        return Answer(None, rows, ("pth-intact",)) if facts.pth.paired == "unknown" else Answer(False, rows)

    return ask


@question("pth-status", "PTH is {}", "PTH : {}")
def pth_status(raw: Any) -> Ask:
    """Status of the newest PTH of the last year."""
    wanted = _names(raw, ("high", "normal", "low", "unknown"))

    def ask(facts: Facts) -> Answer:
        rows = facts.laboratory.rows((facts.pth.measurement,))
        if facts.pth.status in wanted:
            return Answer(True, rows)
        return Answer(None, rows, ("pth-intact",)) if facts.pth.status == "unknown" else Answer(False, rows)

    return ask


@question("pth-multiple", "PTH {} x ULN", "PTH {} x LSN")
def pth_multiple(raw: Any) -> Ask:
    """The newest PTH as a multiple of its upper limit."""
    bound = _bound(raw)

    def ask(facts: Facts) -> Answer:
        if facts.pth.multiple is None:
            return Answer(None, (), ("pth-intact",))
        return Answer(bound(facts.pth.multiple), facts.laboratory.rows((facts.pth.measurement,)))

    return ask


@question("anomaly", "an anomaly: {}", "une anomalie : {}")
def anomaly(raw: Any) -> Ask:
    """ANOM: hypercalcaemia, phosphate, pth, low-calcium-high-phosphate; or any of them."""
    kinds = ("hypercalcaemia", "phosphate", "pth", "low-calcium-high-phosphate")
    wanted = set(kinds if raw == "any" else _names(raw, kinds))

    def ask(facts: Facts) -> Answer:
        if facts.anomaly.kinds & wanted:
            return Answer(True, facts.anomaly.evidence)
        missing = tuple(
            lab
            for lab, unknown in (
                ("calcium", facts.calcium.settled in ("unknown", "unreliable")),
                ("phosphate", facts.phosphate.status == "unknown"),
                ("pth-intact", facts.pth.measurement is None),
            )
            if unknown
        )
        return Answer(None, (), missing) if missing else Answer(False)

    return ask


@question("paraprotein", "a monoclonal protein: {}", "une protéine monoclonale : {}")
def paraprotein(raw: Any) -> Ask:
    """LAB-4: myeloma, gammopathy, an M-protein, or total protein minus albumin above 40 g/L."""
    wanted = _names(raw, ("present",)) == ("present",)

    def ask(facts: Facts) -> Answer:
        found = facts.paraprotein
        rows = tuple(
            facts.laboratory.evidence(each) if isinstance(each, Measurement) else recognition_row(each) for each in found
        )
        return Answer(bool(found) is wanted, rows)

    return ask


# --- kidneys -------------------------------------------------------------------------------------------------------


def _kidney_answer(kidney: Kidney, truth: bool | None) -> Answer:
    return Answer(truth, kidney.evidence, ("creatinine",) if truth is None else ())


@question("kidney", "kidney category {}", "catégorie rénale {}")
def kidney(raw: Any) -> Ask:
    """KDIGO category by REN-3; unknown while acute, single or not measured."""
    wanted = _names(raw, ("G1", "G2", "G3", "G3a", "G3b", "G4", "G5", "G5D", "not-reduced"))

    def ask(facts: Facts) -> Answer:
        category = facts.kidney.category
        return _kidney_answer(facts.kidney, None if category is None else category in wanted)

    return ask


@question("egfr", "eGFR {} mL/min/1.73 m²", "DFG estimé {} mL/min/1,73 m²")
def egfr(raw: Any) -> Ask:
    """The eGFR as a number, chronic or not; else what the category says. Dialysis lies below everything."""
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in ("below", "at-least"):
        raise ValueError("write {below: 60} or {at-least: 60}")
    ((name, limit),) = raw.items()

    def ask(facts: Facts) -> Answer:
        under = facts.kidney.egfr_below(float(limit))
        return _kidney_answer(facts.kidney, under if name == "below" or under is None else not under)

    return ask


@question("creatinine-rise", "creatinine {} x its baseline", "créatinine {} x sa valeur de base")
def creatinine_rise(raw: Any) -> Ask:
    """Newest creatinine over the median of the 8-365 days before (or the lowest of 7 days)."""
    bound = _bound(raw)

    def ask(facts: Facts) -> Answer:
        rise = facts.kidney.creatinine_rise
        if rise is None:
            return Answer(None, (), ("creatinine",))
        return Answer(bound(rise), facts.laboratory.rows(facts.laboratory.all("creatinine", days=RECENT)[:2]))

    return ask


@question("dialysis-years", "dialysis for {} years", "dialyse depuis {} ans")
def dialysis_years(raw: Any) -> Ask:
    """Years since the earliest dialysis of the chart (a lower bound); or `unknown`."""
    if raw == "unknown":
        return lambda facts: Answer(facts.kidney.dialysis and facts.kidney.dialysis_since is None)
    bound = _bound(raw)

    def ask(facts: Facts) -> Answer:
        since = facts.kidney.dialysis_since
        if since is None:
            return Answer(None if facts.kidney.dialysis else False, (), ("dialysis-start",))
        row = Evidence(Text("Dialysis since", "Dialyse depuis"), None, Value(years_since(facts.now, since), "a", 0), since)
        return Answer(bound(years_since(facts.now, since)), (row,))

    return ask


# --- any other laboratory test -------------------------------------------------------------------------------------


def _lab(raw: Any, members: set[str]) -> tuple[str, dict[str, Any]]:
    if not isinstance(raw, dict) or "id" not in raw or set(raw) - members - {"id", "days"}:
        raise ValueError(f"write {{id: …}} with {', '.join(sorted(members))}")
    return str(raw["id"]), raw


@question("lab", "{}", "{}")
def lab(raw: Any) -> Ask:
    """A laboratory value against a fixed limit in its canonical unit: above, from (inclusive) or below."""
    name, members = _lab(raw, {"above", "from", "below"})
    days = int(members.get("days", RECENT))

    def ask(facts: Facts) -> Answer:
        found = facts.laboratory.numeric(name, days=days)
        if found is None:
            return Answer(None, (), (name,))
        truths = []
        if "above" in members:
            truths.append(above(found, float(members["above"])))
        if "below" in members:
            truths.append(below(found, float(members["below"])))
        if "from" in members:
            under = below(found, float(members["from"]))
            truths.append(None if under is None else not under)
        truth = False if False in truths else None if None in truths else True
        return Answer(truth, facts.laboratory.rows((found,)), (name,) if truth is None else ())

    return ask


@question("lab-status", "{}", "{}")
def lab_status(raw: Any) -> Ask:
    """Status of the newest result against its reference limits: high, normal, low or unknown."""
    name, members = _lab(raw, {"is"})
    wanted = _names(members.get("is", ()), ("high", "normal", "low", "unknown"))

    def ask(facts: Facts) -> Answer:
        found = facts.laboratory.latest(name)
        status = facts.laboratory.status(found)
        rows = facts.laboratory.rows((found,))
        if status in wanted:
            return Answer(True, rows)
        return Answer(None, rows, (name,)) if status == "unknown" else Answer(False, rows)

    return ask


@question("lab-low", "{} low", "{} bas")
def lab_low(raw: Any) -> Ask:
    """Below the laboratory's own lower limit, or below the given value where no limit was sent."""
    name, members = _lab(raw, {"below"})

    def ask(facts: Facts) -> Answer:
        found = facts.laboratory.numeric(name)
        if found is None:
            return Answer(None, (), (name,))
        limit = found.low if found.low is not None else float(members["below"])
        return Answer(below(found, limit), facts.laboratory.rows((found,)), (name,))

    return ask


@question("lab-upper-half", "{} in the upper half of its range or above", "{} dans la moitié haute de ses valeurs ou au-dessus")
def lab_upper_half(raw: Any) -> Ask:
    """At or above the middle of the reference range."""
    name = str(raw)

    def ask(facts: Facts) -> Answer:
        found = facts.laboratory.numeric(name)
        if found is None:
            return Answer(None, (), (name,))
        low, high = facts.laboratory.limits(found)
        if low is None or high is None:
            return Answer(None, facts.laboratory.rows((found,)), (name,))
        under = below(found, (low + high) / 2)
        return Answer(None if under is None else not under, facts.laboratory.rows((found,)))

    return ask


@question("calcium-creatinine-clearance", "calcium/creatinine clearance ratio {}", "rapport de clairance calcium/créatinine {}")
def calcium_creatinine_clearance(raw: Any) -> Ask:
    """Urine calcium/creatinine (mmol/mmol) x serum creatinine (mmol/L) / serum total calcium (mmol/L): FHH below 0.01."""
    bound = _bound(raw)

    def ask(facts: Facts) -> Answer:
        urine = facts.laboratory.numeric("urine-calcium-creatinine")
        creatinine = facts.laboratory.numeric("creatinine")
        total = facts.laboratory.numeric("calcium-total")
        if urine is None or creatinine is None or total is None or not total.value:
            return Answer(None, (), ("urine-calcium-creatinine",))
        ratio = (urine.value or 0.0) * (creatinine.value or 0.0) / 1000 / total.value
        label = Text("Calcium/creatinine clearance ratio", "Rapport de clairance calcium/créatinine")
        rows = (*facts.laboratory.rows((urine, creatinine, total)), Evidence(label, None, Value(ratio, "", 4)))
        return Answer(bound(ratio), rows)

    return ask


# --- what other chapters concluded ---------------------------------------------------------------------------------


@question("calcification-recorded", "a soft tissue calcification is recorded: {}", "une calcification des tissus mous est rapportée : {}")
def calcification_recorded(raw: Any) -> Ask:
    """TRG-1 (a) or (b): yes or no."""
    wanted = _names(raw, ("yes", "no")) == ("yes",)
    return lambda facts: Answer(bool(facts.calcifications) is wanted)


@question("red-flag", "the calciphylaxis red flag is {}", "alerte calciphylaxie : {}")
def red_flag(raw: Any) -> Ask:
    """RED-1: open (critical or warning), critical, warning, none."""
    names = _names(raw, ("open", "critical", "warning", "none"))
    wanted = {level for name in names for level in (("critical", "warning") if name == "open" else (name,))}
    return lambda facts: Answer(facts.red_flag.level in wanted, facts.red_flag.evidence)


@question("metabolic", "the metabolic level is {}", "niveau métabolique : {}")
def metabolic(raw: Any) -> Ask:
    """`met` of CLS-1: the highest level over section 3."""
    wanted = _names(raw, ("confirmed", "probable", "possible", "none"))
    return lambda facts: Answer(facts.metabolic.level in wanted, facts.metabolic.evidence)


@question("dystrophic", "the weight of the local causes is {}", "poids des causes locales : {}")
def dystrophic(raw: Any) -> Ask:
    """`dys` of CLS-1: the highest weight over section 4."""
    wanted = _names(raw, ("strong", "weak", "none"))

    def ask(facts: Facts) -> Answer:
        return Answer(facts.dystrophic.weight in wanted, tuple(row for each in facts.dystrophic.causes for row in each.evidence))

    return ask


@question("panel", "the mineral panel is {}", "bilan phosphocalcique : {}")
def panel(raw: Any) -> Ask:
    """Calcium, phosphate and kidneys all known: complete or incomplete."""
    wanted = _names(raw, ("complete", "incomplete")) == ("complete",)
    return lambda facts: Answer(facts.panel_complete is wanted)
