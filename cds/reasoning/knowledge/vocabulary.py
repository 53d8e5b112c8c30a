"""The closed vocabulary of criteria: each word documented once, with what may stand right of its colon.

What a word means for a patient is the business of `cds.reasoning.questions`; a test keeps both lists equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from cds.reasoning.conclusions import Classification, Text
from cds.reasoning.knowledge.nearest import did_you_mean

__all__ = ["ANSWERS", "BOUNDS", "LAYERS", "VOCABULARY", "Bound", "LabBound", "Word"]


class Bound(NamedTuple):
    """A number to compare with: above, below, at-least, or outside a span."""

    kind: str
    limit: float
    upper: float = 0.0

    def holds(self, value: float) -> bool:
        match self.kind:
            case "above":
                return value > self.limit
            case "below":
                return value < self.limit
            case "at-least":
                return value >= self.limit
            case _:
                return not self.limit <= value <= self.upper


class LabBound(NamedTuple):
    """A laboratory test and what is asked of it."""

    lab: str
    above: float | None = None
    below: float | None = None
    from_: float | None = None
    status: tuple[str, ...] = ()
    days: int = 365


class Word(NamedTuple):
    """A word of the vocabulary."""

    read: Callable[[Any], Any]
    """What stands right of the colon, checked; raises ValueError with a message for the clinician."""
    says: Text
    """"calcium is {}", for reading a rule aloud."""
    means: str
    of: str = "answer"
    """What the names right of the colon are names of: kinds of `cds.reasoning.knowledge.names`."""


# --- what may stand right of the colon ------------------------------------------------------------------------------


def _names(raw: Any) -> tuple[str, ...]:
    names = raw if isinstance(raw, list) else [raw]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("write a name, or a list of names")
    return tuple(names)


def _of(*allowed: str) -> Callable[[Any], tuple[str, ...]]:
    def read(raw: Any) -> tuple[str, ...]:
        names = _names(raw)
        for name in names:
            if name not in allowed:
                raise ValueError(f"'{name}' is not one of {', '.join(allowed)}{did_you_mean(name, allowed)}")
        return names

    return read


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("write true or false")
    return raw


def _bound(*kinds: str) -> Callable[[Any], Bound]:
    def read(raw: Any) -> Bound:
        if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in kinds:
            raise ValueError(f"write one of {', '.join(kinds)} with a number")
        ((kind, limit),) = raw.items()
        if kind == "outside":
            if not isinstance(limit, list) or len(limit) != 2:
                raise ValueError("write {outside: [from, to]}")
            return Bound(kind, float(limit[0]), float(limit[1]))
        return Bound(kind, float(limit))

    return read


def _bound_or_unknown(raw: Any) -> Bound | None:
    return None if raw == "unknown" else _bound("at-least", "below")(raw)


def _days_apart(raw: Any) -> int:
    if not isinstance(raw, dict) or set(raw) != {"days-apart"}:
        raise ValueError("write {days-apart: 14}")
    return int(raw["days-apart"])


def _lab(*members: str) -> Callable[[Any], LabBound]:
    def read(raw: Any) -> LabBound:
        if not isinstance(raw, dict) or "id" not in raw or set(raw) - {"id", "days", *members}:
            raise ValueError(f"write {{id: …}} with {' or '.join(members)}")
        numbers = {name: None if raw.get(name) is None else float(raw[name]) for name in ("above", "below", "from")}
        status = _of("high", "normal", "low", "unknown")(raw["is"]) if "is" in raw else ()
        if not status and all(number is None for number in numbers.values()):
            raise ValueError(f"say what is asked: {' or '.join(members)}")
        return LabBound(
            str(raw["id"]), numbers["above"], numbers["below"], numbers["from"], status, int(raw.get("days", 365))
        )

    return read


def _count(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 1:
        raise ValueError("write a number of days")
    return raw


def _limits(*members: str) -> Callable[[Any], Mapping[str, float]]:
    def read(raw: Any) -> Mapping[str, float]:
        if not isinstance(raw, dict) or set(raw) != set(members):
            raise ValueError(f"write a number for each of {', '.join(members)}")
        return {name: float(raw[name]) for name in members}

    return read


def _measured(raw: Any) -> LabBound:
    if not isinstance(raw, dict) or set(raw) != {"id", "days"}:
        raise ValueError("write {id: …, days: …}")
    return LabBound(str(raw["id"]), days=int(raw["days"]))


def _measurable(*kinds: str) -> Callable[[Any], Bound | None]:
    """A bound, or `unknown`: not measured within the time of rules/orders.yaml."""
    bound = _bound(*kinds)
    return lambda raw: None if raw == "unknown" else bound(raw)


_LEVELS = ("confirmed", "probable", "possible", "none")
_STATUS = ("high", "normal", "low", "unknown")


def _word(read: Callable[[Any], Any], en: str, fr: str, means: str, of: str = "answer") -> Word:
    return Word(read, Text(en, fr), means, of)


VOCABULARY: dict[str, Word] = {
    # what the record says
    "diagnosis": _word(
        _names,
        "confirmed diagnosis: {}",
        "diagnostic confirmé : {}",
        "An active, confirmed diagnosis with a code of the value set.",
        of="concept",
    ),
    "mention": _word(
        _names,
        "recorded, even as provisional or in words only: {}",
        "mentionné, même comme provisoire ou en texte seul : {}",
        "An active diagnosis, finding or report that says the concept or pattern, whatever its weight.",
        of="concept",
    ),
    "mention-alone": _word(
        _names,
        "recorded without anything more precise: {}",
        "inscrit sans autre précision : {}",
        "An active diagnosis that says this concept and no other (D-13).",
        of="concept",
    ),
    "reported": _word(
        _names,
        "said by a final report: {}",
        "mentionné par un compte rendu validé : {}",
        "A final report that says the concept or pattern without a hypothetical word.",
        of="concept",
    ),
    "medicine": _word(
        _names,
        "taken now or until 30 days ago: {}",
        "pris actuellement ou arrêté depuis 30 jours au plus : {}",
        "A medicine of the class, active or ended at most 30 days ago (ACC-5).",
        of="medicine",
    ),
    "age": _word(_bound("below", "at-least", "above"), "age {} years", "âge {} ans", "Age in years."),
    "form": _word(_names, "form: {}", "forme : {}", "A recognised form (rules/forms.yaml).", of="form"),
    "calcification": _word(
        _names,
        "recorded calcification: {}",
        "calcification rapportée : {}",
        "A recorded soft-tissue calcification in the layer (subcutaneous, muscle, periarticular …) or area of the body.",
        of="layer place",
    ),
    # calcium, phosphate, PTH
    "calcium": _word(
        _of("high", "normal", "low", "unreliable", "unknown"),
        "calcium is {}",
        "calcémie : {}",
        "Status of the calcium chosen by CAL-1; a high one that is not verified is `unreliable` here (MET-0).",
    ),
    "hypercalcaemia": _word(
        _of("verified", "unverified", "history", "none"),
        "hypercalcaemia is {}",
        "hypercalcémie : {}",
        "MET-0: verified, unverified (high once and below 3.00, or doubtful by LAB-4), history, or none.",
    ),
    "high-calcium": _word(
        _days_apart,
        "high calcium on two dates at least {} days apart",
        "calcémie élevée à deux dates distantes d'au moins {} jours",
        "High samples on two dates at least so many days apart.",
    ),
    "phosphate": _word(
        _of(*_STATUS),
        "phosphate is {}",
        "phosphatémie : {}",
        "Status of the newest phosphate, for age and by the laboratory's own limits.",
    ),
    "phosphate-anomaly": _word(
        _flag,
        "a high phosphate that counts as an anomaly: {}",
        "une hyperphosphatémie retenue comme anomalie : {}",
        "High on two samples, or once where once is enough (ANOM).",
    ),
    "phosphate-haemolysed": _word(
        _flag,
        "phosphate of a haemolysed sample: {}",
        "phosphatémie sur prélèvement hémolysé : {}",
        "The note of the newest high phosphate says haemolysed.",
    ),
    "pth": _word(
        _of("suppressed", "not-suppressed", "unknown"),
        "PTH beside the high calcium is {}",
        "PTH en regard de la calcémie élevée : {}",
        "PTH drawn within 30 days of a high calcium: suppressed (< 20 ng/L), not-suppressed, or unknown.",
    ),
    "pth-status": _word(_of(*_STATUS), "PTH is {}", "PTH : {}", "Status of the newest PTH of the last year."),
    "pth-multiple": _word(
        _bound("above", "below", "outside"),
        "PTH {} times its upper limit",
        "PTH {} fois sa limite supérieure",
        "The newest PTH as a multiple of its upper limit.",
    ),
    "anomaly": _word(
        _of("any", "hypercalcaemia", "phosphate", "pth", "low-calcium-high-phosphate"),
        "an anomaly: {}",
        "une anomalie : {}",
        "ANOM: hypercalcaemia, phosphate, pth, low-calcium-high-phosphate; or any of them.",
    ),
    "paraprotein": _word(
        _of("present", "absent"),
        "a monoclonal protein: {}",
        "une protéine monoclonale : {}",
        "LAB-4: myeloma, gammopathy, an M-protein, or total protein minus albumin above 40 g/L.",
    ),
    # kidneys
    "kidney": _word(
        _of("G1", "G2", "G3", "G3a", "G3b", "G4", "G5", "G5D", "not-reduced"),
        "kidney category {}",
        "catégorie rénale {}",
        "KDIGO category by REN-3; unknown while acute, single or not measured.",
    ),
    "kidney-in-words": _word(
        _flag,
        "the kidney category rests on weak evidence only: {}",
        "la catégorie rénale ne repose que sur un argument faible : {}",
        "The stage is provisional or said in words only, and no number proves it (ACC-1, ACC-3).",
    ),
    "egfr": _word(
        _bound("below", "at-least"),
        "eGFR {} mL/min/1.73 m²",
        "DFG estimé {} mL/min/1,73 m²",
        "The eGFR as a number, chronic or not; else what the category says. Dialysis lies below everything.",
    ),
    "creatinine-rise": _word(
        _bound("at-least", "above"),
        "creatinine {} x its baseline",
        "créatinine {} x sa valeur de base",
        "Newest creatinine over the median of the 8-365 days before (or the lowest of 7 days).",
    ),
    "dialysis-years": _word(
        _bound_or_unknown,
        "dialysis, in years: {}",
        "dialyse, en années : {}",
        "Years since the earliest dialysis of the chart (a lower bound); or `unknown`.",
    ),
    "transplant-years": _word(
        _bound("above", "at-least"),
        "kidney transplant, in years: {}",
        "greffe rénale, en années : {}",
        "Years since the newest kidney transplant of the chart.",
    ),
    # any other laboratory test
    "lab": _word(
        _lab("above", "below", "from"),
        "{}",
        "{}",
        "A laboratory value against a fixed limit in its canonical unit: above, from (inclusive) or below.",
        of="test",
    ),
    "lab-status": _word(
        _lab("is"),
        "{}",
        "{}",
        "Status of the newest result against its reference limits: high, normal, low or unknown.",
        of="test",
    ),
    "lab-low": _word(
        _lab("below"),
        "low by the laboratory's own limit, without one: {}",
        "bas selon la limite du laboratoire, à défaut : {}",
        "Below the laboratory's own lower limit, or below the given value where no limit was sent.",
        of="test",
    ),
    "lab-upper-half": _word(
        _names,
        "in the upper half of its range or above: {}",
        "dans la moitié haute de ses valeurs ou au-dessus : {}",
        "At or above the middle of the reference range.",
        of="test",
    ),
    "calcium-creatinine-clearance": _word(
        _bound("below"),
        "calcium/creatinine clearance ratio {}",
        "rapport de clairance calcium/créatinine {}",
        "Urine calcium/creatinine (mmol/mmol) x serum creatinine (mmol/L) / total calcium (mmol/L): FHH below 0.01.",
    ),
    # what other chapters concluded: only for rules/classification.yaml
    "calcification-recorded": _word(
        _of("yes", "no"),
        "a soft tissue calcification is recorded: {}",
        "une calcification des tissus mous est rapportée : {}",
        "TRG-1 (a) or (b).",
    ),
    "red-flag": _word(
        _of("open", "critical", "warning", "none"),
        "the calciphylaxis red flag is {}",
        "alerte calciphylaxie : {}",
        "RED-1; open is critical or warning.",
    ),
    "metabolic": _word(
        _of(*_LEVELS), "metabolic cause: {}", "cause métabolique : {}", "`met` of CLS-1: the highest level."
    ),
    "dystrophic": _word(
        _of("strong", "weak", "none"),
        "local cause: {}",
        "cause locale : {}",
        "`dys` of CLS-1: the highest weight.",
    ),
    "panel": _word(
        _of("complete", "incomplete"),
        "the mineral panel is {}",
        "bilan phosphocalcique : {}",
        "Calcium, phosphate and kidneys all known.",
    ),
    # what is being ordered, and the words of ORD-0e: only for rules/orders.yaml. Each is answered yes or no: a missing
    # datum raises nothing and excuses nothing.
    "draft": _word(
        _names,
        "the order is: {}",
        "la prescription est : {}",
        "The draft belongs to the order class (rules/orders.yaml).",
        of="order",
    ),
    "drafted": _word(
        _names,
        "another draft order is: {}",
        "un autre brouillon de prescription est : {}",
        "Another draft of the same request, selected or not, belongs to the order class.",
        of="order",
    ),
    "taken": _word(
        _names,
        "taken: {}",
        "pris : {}",
        "A medicine of the record, active or ended at most 30 days ago, belongs to the order class.",
        of="order",
    ),
    "accepted": _word(
        _names,
        "on the problem list: {}",
        "dans la liste des problèmes : {}",
        "An accepted, active diagnosis, whatever its weight (ACC-1), not worded as a hypothesis.",
        of="concept",
    ),
    "recorded": _word(
        _names,
        "anywhere in the record: {}",
        "dans le dossier : {}",
        "An active diagnosis, finding, procedure or report that says it, not worded as a hypothesis.",
        of="concept",
    ),
    "calcium-now": _word(
        _of("critical", "high", "doubtful"),
        "calcium is {} at the time of the order",
        "calcémie au moment de la prescription : {}",
        "critical: row 1 of CAL-4, at most 72 h old; high: at most 90 days old, without doubt by LAB-4, verified or not; "
        "doubtful: high with such a doubt, or 91-365 days ago with nothing newer.",
    ),
    "calcium-under": _word(
        _limits("total", "ionised"),
        "calcium under its limit: {}",
        "calcémie sous sa limite : {}",
        "The calcium chosen by CAL-1, in mmol/L.",
    ),
    "calcium-alarm": _word(
        _flag,
        "a calcium alarm: {}",
        "une alarme calcique : {}",
        "Any row of CAL-4, whether the service is open or not.",
    ),
    "calcium-high-since": _word(
        _count,
        "calcium was high at least {} days ago",
        "calcémie élevée il y a au moins {} jours",
        "A high calcium of the last year that is at least so many days old.",
    ),
    "phosphate-now": _word(
        _of("high"),
        "phosphate is {} at the time of the order",
        "phosphatémie au moment de la prescription : {}",
        "High for age by LAB-6, at most 90 days old.",
    ),
    "calciphylaxis": _word(
        _of("active", "open", "past"),
        "calciphylaxis is {}",
        "calciphylaxie : {}",
        "active: RED-1 is open and critical; open: critical or warning; past: a diagnosis that is over.",
    ),
    "class": _word(
        _of(*get_args(Classification)), "class: {}", "classe : {}", "The class of CLS-1 on the same chart.", of="class"
    ),
    "cause": _word(
        _names,
        "cause, probable or confirmed: {}",
        "cause, probable ou confirmée : {}",
        "A metabolic cause of rules/metabolic.yaml at that level.",
        of="cause",
    ),
    "calcium-phosphate-product": _word(
        _of("raised", "very-high"),
        "calcium x phosphate is {}",
        "produit phosphocalcique : {}",
        "CAL-3; raised includes very-high.",
    ),
    "measured": _word(
        _measured, "known: {}", "connu : {}", "A usable result of the test at most so many days old (ACC-4).", of="test"
    ),
    "acute-kidney-injury": _word(
        _flag, "acute kidney injury: {}", "insuffisance rénale aiguë : {}", "REN-5, by creatinine or by code."
    ),
    "ankle-brachial-index": _word(
        _measurable("below", "above", "at-least"),
        "ankle-brachial index {}",
        "index de pression systolique {}",
        "The newest of that leg, or of an unknown side, at most 12 months old; or `unknown`.",
    ),
    "ankle-pressure": _word(
        _measurable("below"), "ankle pressure {} mmHg", "pression de cheville {} mmHg", "As the index."
    ),
    "toe-pressure": _word(_measurable("below"), "toe pressure {} mmHg", "pression d'orteil {} mmHg", "As the index."),
    "leg-ulcer": _word(
        _of("open"), "a leg ulcer is {}", "ulcération de jambe : {}", "An open leg ulcer, venous or not."
    ),
    "venous-disease": _word(
        _flag, "venous disease of the leg: {}", "maladie veineuse du membre inférieur : {}", "CVI-0."
    ),
    "mass": _word(
        _of("red-flag", "named"),
        "mass at the site of the order: {}",
        "masse au siège de la prescription : {}",
        "FRM-9 at a site that is compatible or not recorded: its red flag is open; or the tumour has a name by code.",
    ),
    "mri": _word(
        _of("reported", "asked"),
        "MRI of that region is {}",
        "IRM de cette région : {}",
        "A report of that region, or of a region not recorded, in the time of rules/orders.yaml; or another draft or order.",
    ),
    "calcific-myonecrosis": _word(
        _of("recognised", "imaged"),
        "calcific myonecrosis of that segment is {}",
        "myonécrose calcifiante de ce segment : {}",
        "FRM-6 at a site that is compatible or not recorded; imaged: named by a CT or radiograph report.",
    ),
}
"""The closed vocabulary: each word documented once."""

ANSWERS = {
    "high": Text("high", "élevée"),
    "normal": Text("normal", "normale"),
    "low": Text("low", "basse"),
    "unknown": Text("unknown", "inconnue"),
    "unreliable": Text("unreliable", "non fiable"),
    "verified": Text("verified", "vérifiée"),
    "unverified": Text("unverified", "non vérifiée"),
    "history": Text("in the past", "ancienne"),
    "none": Text("none", "aucune"),
    "suppressed": Text("suppressed", "freinée"),
    "not-suppressed": Text("not suppressed", "non freinée"),
    "present": Text("present", "présente"),
    "absent": Text("absent", "absente"),
    "not-reduced": Text("not reduced", "non abaissée"),
    "any": Text("any", "quelle qu'elle soit"),
    "hypercalcaemia": Text("high calcium", "hypercalcémie"),
    "phosphate": Text("phosphate", "phosphatémie"),
    "pth": Text("PTH", "PTH"),
    "low-calcium-high-phosphate": Text("low calcium with high phosphate", "hypocalcémie avec hyperphosphatémie"),
    "confirmed": Text("confirmed", "confirmée"),
    "probable": Text("probable", "probable"),
    "possible": Text("possible", "possible"),
    "strong": Text("strong", "forte"),
    "weak": Text("weak", "faible"),
    "complete": Text("complete", "complet"),
    "incomplete": Text("incomplete", "incomplet"),
    "critical": Text("critical", "critique"),
    "warning": Text("warning", "avertissement"),
    "doubtful": Text("doubtful", "douteuse"),
    "raised": Text("raised", "élevé"),
    "very-high": Text("very high", "très élevé"),
    "active": Text("active", "active"),
    "open": Text("open", "ouverte"),
    "past": Text("in the past", "passée"),
    "red-flag": Text("with a red flag", "avec critère d'alerte"),
    "named": Text("named", "nommée"),
    "reported": Text("reported", "faite"),
    "asked": Text("asked for", "demandée"),
    "recognised": Text("recognised", "reconnue"),
    "imaged": Text("seen on imaging", "vue en imagerie"),
    "yes": Text("yes", "oui"),
    "no": Text("no", "non"),
    **{each: Text(each, each) for each in ("G1", "G2", "G3", "G3a", "G3b", "G4", "G5", "G5D")},
}
"""The answers of the vocabulary in both languages."""

LAYERS = {
    "subcutaneous": Text("subcutaneous tissue", "tissu sous-cutané"),
    "dermis": Text("dermis", "derme"),
    "muscle": Text("muscle", "muscle"),
    "fascia": Text("fascia", "fascia"),
    "periarticular": Text("around a joint", "péri-articulaire"),
    "soft-tissue": Text("soft tissue, without more detail", "tissus mous sans précision"),
}
"""The layers of a calcification in both languages."""

BOUNDS = {
    "above": Text("above", "au-dessus de"),
    "below": Text("below", "au-dessous de"),
    "at-least": Text("at least", "d'au moins"),
    "from": Text("from", "à partir de"),
    "outside": Text("outside", "hors de"),
}
"""How a number is compared, in both languages."""
