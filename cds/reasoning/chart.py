"""The Chart: one patient's normalised data, each datum with the resource it came from, its date and its state.

This is the only thing that reasoning sees of a patient. Nothing here is FHIR: codes have become concepts, units are
canonical, dates are instants. `cds.fhir` builds it, `cds.reasoning` asks it; nobody changes it.

Immutable values, and those of which a chart holds hundreds (`Ref`, `Measurement`) as structs: making one takes a third of
what a named tuple takes. No value holds a cycle, so the garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

__all__ = [
    "Access",
    "Chart",
    "Choice",
    "Coding",
    "Draft",
    "Finding",
    "Level",
    "Match",
    "Measurement",
    "Medicine",
    "Moment",
    "NotUsed",
    "Order",
    "Patient",
    "Problem",
    "Procedure",
    "Reason",
    "Ref",
    "Report",
    "Severity",
    "Tier",
]

Tier = Literal["A", "B", "C", "title"]
"""How well a code is verified (rules.md, section 14); "title": an ICD entry whose title was checked."""

Severity = Literal["absent", "mild", "moderate", "marked"]
"""The severity vocabulary of CVI-1; None where nothing is said."""

Level = Literal["confirmed", "unconfirmed"]
"""`verificationStatus` confirmed or absent; or provisional, differential, unconfirmed (ACC-1: weight weak)."""

Choice = Literal["active", "past"]
"""ACC-1: active (also recurrence, relapse, nothing said) or past (inactive, remission, resolved, abated)."""


class Ref(msgspec.Struct, frozen=True, order=True, gc=False):
    """The resource that a datum came from."""

    type: str
    id: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.type}/{self.id}" if self.id else self.type


class _Moment(NamedTuple):
    instant: datetime
    written: str
    day: int
    at: int


class Moment(_Moment):
    """When: an aware UTC instant (the first moment of a partial date, ACC-4), and how it was written.

    Ages, orders and distances are asked of the same few moments again and again: `day` is the ordinal of the calendar day
    in UTC, `at` the microseconds since 1970. Both are worked out once.
    """

    __slots__ = ()

    def __new__(cls, instant: datetime, written: str) -> Moment:
        at = (instant - _EPOCH) // _MICROSECOND
        return tuple.__new__(cls, (instant, written, instant.toordinal(), at))

    @property
    def timed(self) -> bool:
        """Whether a time of day is known, and not only a date."""
        return len(self.written) > _DATE_ONLY


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATE_ONLY = len("2026-01-01")


class Coding(NamedTuple):
    """A code as it was found. `system` is the canonical URL of the code system, "" when none was given."""

    system: str
    code: str
    display: str = ""


class Match(NamedTuple):
    """A code that stands in the value set of `concept`.

    `needs_text`: the code is shared or residual (ACC-2) and counts only if the words of the same resource say so too.
    """

    concept: str
    coding: Coding
    tier: Tier
    needs_text: bool = False


class Problem(NamedTuple):
    """An accepted Condition (ACC-1). Refuted and entered-in-error ones never become a Problem."""

    source: Ref
    matches: tuple[Match, ...]
    texts: tuple[str, ...]
    """code.text, then the displays, then the notes; as written, without repeats."""
    state: Choice = "active"
    clinical: str = ""
    """clinicalStatus as coded ("remission" matters to D-19), "" when absent."""
    level: Level = "confirmed"
    severity: Severity | None = None
    severity_text: str = ""
    sites: tuple[str, ...] = ()
    """Words of bodySite (text, displays); laterality is in the words."""
    onset: Moment | None = None
    abated: Moment | None = None
    recorded: Moment | None = None
    old_encounter: bool = False
    """An encounter diagnosis older than five years without a problem-list twin: weak (ACC-1)."""
    proposed: bool = False
    """Comes from the hook's context (problem-list-item-create), not from the record."""


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """A laboratory result or body height: a number with its canonical unit, or a qualitative result (ACC-4, LAB-1)."""

    source: Ref
    lab: str
    """`lab_id` of the knowledge, such as "calcium-total"."""
    loinc: str
    property: str
    """"mass", "molar", …: which property the LOINC code has; the work-up is asked for in the same (WRK-1)."""
    value: float | None
    """In the canonical unit of the laboratory test; None for a result in words."""
    unit: str
    when: Moment
    reported: str | tuple[float, str]
    """As reported: words, or the number and its unit, which only the few results that are shown put into words."""
    comparator: Literal["", "<", "<=", ">", ">="] = ""
    low: float | None = None
    """Limits of the laboratory's own reference range in the canonical unit, where they fit (LAB-5)."""
    high: float | None = None
    interpretation: str = ""
    """Code of Observation.interpretation: N, H, HH, L, LL, POS, NEG …"""
    words: str = ""
    """A result in words ("positive", "1:640"), lower case; "" for a number."""
    note: str = ""
    preliminary: bool = False
    rank: int = 0
    """Place of the LOINC code in the order of preference of its test (REN-1)."""
    doubt: str = ""
    """"phosphate-swap": usable only if the kidneys explain it (LAB-2); "" otherwise."""

    def as_written(self) -> str:
        """As reported, such as "9.8 mg/dL" or "positive"; for display only."""
        if isinstance(self.reported, str):
            return self.reported
        number, unit = self.reported
        return f"{number:.6g} {unit}"


class Finding(NamedTuple):
    """An accepted Observation that is not a laboratory result: a sign, a class such as CEAP, an index, an area.

    A finding that says "absent" or false is kept with `value` False: a negative sign is a datum.
    """

    source: Ref
    matches: tuple[Match, ...]
    texts: tuple[str, ...]
    """Words of the code: what was looked at."""
    value: bool | float | str | None
    unit: str
    value_matches: tuple[Match, ...]
    """Codes of valueCodeableConcept."""
    value_texts: tuple[str, ...]
    """Words of the value (valueString, valueCodeableConcept) and of the notes."""
    when: Moment | None
    severity: Severity | None = None
    sites: tuple[str, ...] = ()
    preliminary: bool = False


class Medicine(NamedTuple):
    """A MedicationRequest or MedicationStatement. `matches` name medicine classes (by ATC, RxNorm or name, ACC-7)."""

    source: Ref
    matches: tuple[Match, ...]
    texts: tuple[str, ...]
    state: Literal["active", "ended"]
    since: Moment | None = None
    until: Moment | None = None
    sites: tuple[str, ...] = ()
    """Words of dosage.site (DYS-4)."""
    route: str = ""
    """Words of the route, lower case."""
    note: str = ""


class Procedure(NamedTuple):
    """A performed Procedure."""

    source: Ref
    matches: tuple[Match, ...]
    texts: tuple[str, ...]
    first: Moment | None
    last: Moment | None
    sites: tuple[str, ...] = ()


class Report(NamedTuple):
    """A DiagnosticReport (final, amended, corrected, appended; preliminary and partial are weak, ACC-4)."""

    source: Ref
    matches: tuple[Match, ...]
    name: tuple[str, ...]
    """Words of the code: which examination."""
    texts: tuple[str, ...]
    """conclusion, and the words of conclusionCode."""
    when: Moment | None
    loincs: tuple[str, ...] = ()
    preliminary: bool = False
    value_matches: tuple[Match, ...] = ()
    """Codes of conclusionCode."""


class Order(NamedTuple):
    """An active or draft ServiceRequest of the record: what is already asked for is not proposed again (section 13)."""

    source: Ref
    matches: tuple[Match, ...]
    texts: tuple[str, ...]
    labs: tuple[str, ...]
    """`lab_id`s that its LOINC codes belong to."""
    loincs: tuple[str, ...]
    when: Moment | None
    placed: bool = True
    """Active; False for a draft, which nobody has signed yet."""


class Draft(NamedTuple):
    """An order that is being written (order-select, order-sign): of the hook's context, never of the record.

    Orders that are not to be carried out, cancelled ones and another patient's never become a Draft (ORD-0a).
    """

    source: Ref
    kind: Literal["MedicationRequest", "ServiceRequest", "DeviceRequest"]
    matches: tuple[Match, ...] = ()
    """Codes that stand in a value set: medicine classes and order classes."""
    texts: tuple[str, ...] = ()
    """code.text, then the displays, as written: of the medicine or of what is asked for."""
    loincs: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    """`lab_id`s that its LOINC codes belong to."""
    sites: tuple[str, ...] = ()
    """Words of bodySite; of dosage.site for a medicine."""
    route: str = ""
    """Words and codes of the route and of the form, lower case."""
    priority: str = ""
    """As coded: routine, urgent, asap, stat; "" when absent."""
    note: str = ""
    """Words of note, reasonCode and dosage: why and for what."""
    selected: bool = True
    """Whether it is judged: all at order-sign, those of `context.selections` at order-select."""
    resource_id: str = ""
    """"MedicationRequest/123": what a suggestion to remove it names."""
    renewal_of_days: int | None = None
    """How long the same medicine has been active already, where the record says so (ORD-0c)."""
    coded: bool = False
    """It has an ATC code, known here or not: then words are no evidence of what the medicine is (ORD-0b)."""


class Patient(NamedTuple):
    """Who it is about. `born` is the first day of a partial date; None when unknown."""

    id: str
    sex: Literal["male", "female"] | None = None
    born: date | None = None
    countries: tuple[str, ...] = ()
    """Country of birth, citizenship or residence where an extension or an address says so (DDX-1)."""
    source: Ref | None = None


class Access(StrEnum):
    """The state of one kind of data (clause R5). It travels with the chart: what was not seen is not "none"."""

    __hash__ = (
        str.__hash__
    )  # that of an enumeration is a call of Python's, and every call of a service is counted by these

    PRESENT = "present"
    NONE = "none"
    ABSENT = "absent"
    FAILED = "failed"
    PARTIAL = "partial"

    @property
    def complete(self) -> bool:
        """Somebody looked, and everything that there is was seen."""
        return self in (Access.PRESENT, Access.NONE)


Reason = Literal[
    "ambiguous-code",
    "data-absent",
    "duplicate",
    "edta-contamination",
    "entered-in-error",
    "family-history",
    "future-date",
    "implausible",
    "looks-like-mg-dl",
    "looks-like-mmol-l",
    "no-date",
    "no-subject",
    "other-patient",
    "race-term",
    "refuted",
    "status",
    "type-not-read",
    "unit-missing",
    "unit-unknown",
    "unreadable",
]
"""Why a resource, or a part of one, is no evidence. docs/reading.md says what each means; rules/wording.yaml names it."""


class NotUsed(NamedTuple):
    """A resource, or a part of one, that is no evidence, and why."""

    reference: str
    reason: Reason
    lab: str = ""
    """`lab_id`, when a laboratory result was refused: C-UNIT speaks of calcium, phosphate and creatinine only."""
    written: str = ""
    """The refused value as reported ("9.6 mmol/L"); shown on the card, never logged."""
    when: Moment | None = None
    named: tuple[str, ...] = ()
    """What a refuted diagnosis had named: the concepts of its codes, and its words (RED-1)."""


class Chart(NamedTuple):
    """One patient's normalised data. Lists are in no particular order; nothing may depend on it (invariant 7)."""

    patient: Patient
    problems: tuple[Problem, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    reports: tuple[Report, ...] = ()
    orders: tuple[Order, ...] = ()
    drafts: tuple[Draft, ...] = ()
    """The orders of the hook's context; their order is nobody's business either."""
    not_used: tuple[NotUsed, ...] = ()
    access: Mapping[str, Access] = {}
    """State per kind of data: "patient", "conditions", "laboratory", "findings", "medications", "procedures",
    "reports", "orders"."""

    def complete(self, *kinds: str) -> bool:
        """Whether every one of `kinds` was seen completely."""
        access = self.access
        for kind in kinds:
            state = access.get(kind)
            if state is not Access.PRESENT and state is not Access.NONE:
                return False
        return True
