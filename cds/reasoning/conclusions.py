"""What an evaluation found: the language between reasoning and cards.

No FHIR and no wording of cards here, but everything a card needs: which card and variant, what fills its
placeholders, the evidence as rows of a table, what would change the conclusion, what to ask for next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from cds.reasoning.chart import Access, Coding, Moment, NotUsed, Ref

__all__ = [
    "Cause",
    "Certainty",
    "Conclusion",
    "Evaluation",
    "Evidence",
    "Form",
    "Gap",
    "Proposal",
    "Removal",
    "Request",
    "Stage",
    "Text",
    "Value",
]

Certainty = Literal["confirmed", "probable", "possible"]
"""The certainty word that every detail begins with."""

Classification = Literal[
    "METASTATIC_CONFIRMED",
    "METASTATIC_PROBABLE",
    "MIXED",
    "DYSTROPHIC_CONFIRMED",
    "DYSTROPHIC_PROBABLE",
    "DYSTROPHIC_UNEXPLAINED",
    "INDETERMINATE",
    "NOT_APPLICABLE",
]
"""The classes of D-1."""

Lean = Literal["metastatic", "dystrophic", "none"]


class Text(NamedTuple):
    """The same words in both languages."""

    en: str
    fr: str

    def in_(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


class Value(NamedTuple):
    """A number for people: `digits` after the decimal sign (point or comma, by language)."""

    number: float
    unit: str = ""
    digits: int = 2
    comparator: str = ""


class Evidence(NamedTuple):
    """One row of the table "data used": what, which value, when, where it stands."""

    label: Text
    source: Ref | None
    value: Value | str = ""
    """A number, or words as they stand in the record (to be escaped by whoever prints them)."""
    when: Moment | None = None
    remark: Text | None = None
    """"Weak: text only", "recent (91-365 d)", "laboratory's own limits" …"""


class Gap(NamedTuple):
    """A datum that would change the conclusion, and what is wrong with the one we have."""

    kind: Literal["missing", "stale", "recent", "unreliable", "single", "unverified", "not-seen", "ambiguous"]
    what: Text
    sources: tuple[Ref, ...] = ()


class Request(NamedTuple):
    """Something a clinician may want to order: it becomes a draft ServiceRequest (section 13)."""

    kind: Literal["laboratory", "imaging", "referral", "procedure"]
    key: str
    """What is asked for: a `lab_id`, or the id of an entry of rules/workup.yaml; unique in a conclusion."""
    coding: Coding | None
    """One code, or None where no verified code exists: then `text` only."""
    text: Text
    priority: Literal["routine", "urgent", "asap", "stat"] = "routine"
    site: str = ""
    """Laterality and segment as the record words it, for bodySite.text."""
    reasons: tuple[Ref, ...] = ()
    note: str = ""
    """Rule id."""
    after_days: int | None = None
    """Not before so many days from now (a repeat that only means something later)."""


class Proposal(NamedTuple):
    """A problem-list entry that the clinician may accept (section 13: Condition, or the Observation of the stage)."""

    kind: Literal["condition", "stage-observation"]
    key: str
    coding: Coding | None
    text: Text
    stage_text: Text | None = None
    """Condition.stage.summary.text."""
    stage: tuple[int, int] | None = None
    """stage-observation: minimum and maximum."""
    sources: tuple[Ref, ...] = ()


class Removal(NamedTuple):
    """A draft order that the clinician may take back before signing (ORD-0d); never a stored one."""

    resource_id: str
    """`Draft.resource_id`."""
    text: Text
    """The label of the suggestion."""


class Conclusion(NamedTuple):
    """One thing that the evaluation found and that has a card."""

    card: str
    """Card id of section 12, such as "C-CLASS-MET"."""
    rule: str
    """The rule that fired, such as "CLS-1"."""
    variant: str = ""
    """Variant of the card as in rules/cards: "CONFIRMED", "RED-1" …, "" where there is only one."""
    certainty: Certainty | None = None
    values: Mapping[str, Text] = {}
    """What fills the placeholders of the summary, by name: n, ceap, value, form, parasite."""
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[Text, ...] = ()
    """Sentences of the detail that depend on this patient: confounders found, reasons, decisions applied, questions."""
    requests: tuple[Request, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    sources: tuple[str, ...] = ()
    """Tags of rules/sources.yaml: "S", "R10" …; grade and words come from there."""
    decisions: tuple[str, ...] = ()
    """Ids such as "D-22" that were applied, for the detail and for auditors."""
    drafts: tuple[Evidence, ...] = ()
    """The draft orders that it speaks of, one row each; they stand before `evidence` in the detail."""
    removals: tuple[Removal, ...] = ()


class Cause(NamedTuple):
    """A cause that counts, with its level: confirmed, probable, possible (metabolic); strong, weak (dystrophic)."""

    id: str
    """concept_id of a dystrophic cause; rule id (MET-…) of a metabolic one."""
    level: Literal["confirmed", "probable", "possible", "strong", "weak"]
    term: Text
    kind: Literal["metabolic", "dystrophic"]
    evidence: tuple[Evidence, ...] = ()


class Form(NamedTuple):
    """A recognised form (axis 2)."""

    id: str
    term: Text
    confidence: Literal["coded", "text"]
    evidence: tuple[Evidence, ...] = ()


class Stage(NamedTuple):
    """Porter's stage in the numbering of the source document (D-6), worst limb, and the CEAP approximation."""

    min: int
    max: int
    ceap: str
    evidence: tuple[Evidence, ...] = ()
    questions: tuple[Text, ...] = ()
    provisional: bool = False


class Evaluation(NamedTuple):
    """Everything that was found for one patient. `conclusions` is complete: limits and order are the cards' business."""

    classification: Classification
    lean: Lean | None
    """Only for INDETERMINATE."""
    conclusions: tuple[Conclusion, ...]
    causes: tuple[Cause, ...] = ()
    forms: tuple[Form, ...] = ()
    stage: Stage | None = None
    not_used: tuple[NotUsed, ...] = ()
    access: Mapping[str, Access] = {}
    evaluable: bool = True
    """False when not one rule could be asked: no data at all was seen (R7)."""
    asked: bool = True
    """False when no rule had a question: no draft order is of a class that the rules judge. What was not seen then
    changes nothing."""
    withheld: Mapping[str, str] = {}
    """Cards held back by a rule (RED-1 holds C-CVI cards): card id -> rule id. Withholding is never silent."""
