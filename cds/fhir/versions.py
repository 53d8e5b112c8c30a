"""R5, STU3 and DSTU2 are read as R4: what they say in members of their own is moved to the members of R4.

On the way it shows which version the data are written in. A shape that only some versions know is evidence for those;
the version is what all the evidence has in common. Sources: the resource definitions of FHIR 5.0.0, 4.0.1, 3.0.2 and
1.0.2; docs/reading.md lists the members.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Final, TypeVar

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from cds.fhir.bundles import Resources
from cds.fhir.codes import status
from cds.fhir.resources import (
    Annotation,
    CodeableConcept,
    CodeableReference,
    Condition,
    DiagnosticOrder,
    DiagnosticReport,
    MedicationOrder,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Period,
    Procedure,
    ProcedureRequest,
    ReferralRequest,
    Resource,
    ServiceRequest,
)
from cds.fhir.written import Unreadable, decoded

__all__ = ["ANY", "DSTU2", "R4", "R5", "STU3", "Versions", "as_r4", "observation_as_r4", "version_of"]

R = TypeVar("R", bound=Resource)

Versions = int
"""A set of versions, one bit each: resources are many, and a set of bits costs next to nothing."""

DSTU2: Final[Versions] = 1
STU3: Final[Versions] = 2
R4: Final[Versions] = 4
"""R4 and R4B."""
R5: Final[Versions] = 8
ANY: Final[Versions] = DSTU2 | STU3 | R4 | R5

_NAMES: Final[dict[Versions, str]] = {
    DSTU2: "1.0.2",
    STU3: "3.0.2",
    DSTU2 | STU3: "1.0.2",
    R5: "5.0.0",
}
"""Of two older versions the older one: what it understands is not written for, so nothing wrong can be."""

_NOTHING: Final = (None, None, None)
_ERROR: Final = "entered-in-error"
_CODE: Final[msgspec.json.Decoder[CodeableReference]] = msgspec.json.Decoder(CodeableReference)
_ADHERENCE: Final = {
    "taking": "active",
    "not-taking": "not-taken",
    "on-hold": "on-hold",
    "stopped": "stopped",
    "unknown": "unknown",
}
"""R5's adherence, by how its code begins, as the status of R4; without one, what is recorded is taken."""
_PLACED: Final = frozenset(("requested", "received", "accepted", "in-progress"))
_NOT_PLACED: Final = frozenset(("proposed", "planned"))
"""DSTU2's states of an order."""


def as_r4(opened: Resources) -> Versions:
    """Make everything opened say in members of R4 what it says at all. Returns the versions that may have written it.

    Observations are left: they are many, and nearly the same in all versions (`observation_as_r4`).
    """
    return (
        _all(opened.conditions, _condition)
        & _all(opened.medication_requests, _request)
        & _all(opened.medication_statements, _statement)
        & _all(opened.procedures, _procedure)
        & _all(opened.reports, _report)
        & _all(opened.orders, _order)
    )


def _all(resources: list[R], read: Callable[[R], tuple[R, Versions]]) -> Versions:
    """A resource in which something has to be moved is replaced: what was decoded is never changed."""
    found = ANY
    for place, resource in enumerate(resources):
        moved, versions = read(resource)
        found &= versions
        if moved is not resource:
            resources[place] = moved
    return found


def version_of(versions: Versions) -> str:
    """The one version that they are, as FHIR numbers it; "" for R4, for several, and where the evidence disagrees."""
    return _NAMES.get(versions, "")


def observation_as_r4(observation: Observation) -> Observation:
    """`comment` (STU3) and `comments` (DSTU2) are notes; what is `related` as a member is a member."""
    observation = copy(observation)
    for comment in (observation.comment, observation.comments):
        if comment is not None:
            observation.note = [*(observation.note or ()), Annotation(comment)]
    members = [each.target for each in observation.related or () if status(each.type) == "has-member" and each.target]
    if members:
        observation.hasMember = [*(observation.hasMember or ()), *members]
    observation.comment = observation.comments = observation.related = None
    return observation


def _condition(condition: Condition) -> tuple[Condition, Versions]:
    older = condition.onsetQuantity, condition.abatementQuantity, condition.notes
    if condition.recordedDate is not None and older == _NOTHING:  # most of R4: there is nothing to move
        return condition, R4 | R5
    condition, found = copy(condition), _subject(condition)
    for state in (condition.clinicalStatus, condition.verificationStatus):
        opening = bytes(state)[:1]
        if opening == b"{":
            found &= R4 | R5
        elif opening == b'"':
            found &= DSTU2 | STU3
    if condition.recordedDate is not None:
        found &= R4 | R5
    elif condition.assertedDate is not None:
        condition.recordedDate = condition.assertedDate
        found &= STU3
    elif condition.dateRecorded is not None:
        condition.recordedDate = condition.dateRecorded
        found &= DSTU2
    if condition.notes is not None:
        condition.note = [*(condition.note or ()), Annotation(condition.notes)]
        found &= DSTU2
    condition.onsetAge = condition.onsetAge or condition.onsetQuantity
    condition.abatementAge = condition.abatementAge or condition.abatementQuantity
    return condition, found


def _subject(resource: Condition | MedicationStatement) -> Versions:
    """`patient` became `subject` after DSTU2."""
    if resource.subject is not None:
        return STU3 | R4 | R5
    return DSTU2 if resource.patient is not None else ANY


def _medication(resource: MedicationRequest | MedicationStatement) -> Versions:
    """Moves within `resource`, which is a copy."""
    either = resource.medication
    if either is None:
        named = resource.medicationCodeableConcept is not None or resource.medicationReference is not None
        return DSTU2 | STU3 | R4 if named else ANY
    resource.medicationCodeableConcept = resource.medicationCodeableConcept or either.concept
    resource.medicationReference = resource.medicationReference or either.reference
    return R5


def _request(request: MedicationRequest) -> tuple[MedicationRequest, Versions]:
    if request.medication is None and request.__class__ is MedicationRequest:
        return request, STU3 | R4
    request = copy(request)
    found = _medication(request)
    if not isinstance(request, MedicationOrder):
        return request, found & (STU3 | R4 | R5)
    request.authoredOn = request.authoredOn or request.dateWritten
    if request.dateEnded is not None:
        request.effectiveDosePeriod = Period(end=request.dateEnded)
    return request, found & DSTU2


def _statement(statement: MedicationStatement) -> tuple[MedicationStatement, Versions]:
    statement = copy(statement)
    found = _medication(statement) & _subject(statement)
    if statement.taken is not None:
        found &= STU3
    if statement.wasNotTaken is not None:
        found &= DSTU2
    refuted = statement.wasNotTaken or status(statement.taken) == "n"
    if refuted and status(statement.status) != _ERROR:
        statement.status = "not-taken"
    if isinstance(statement.note, str):
        found &= DSTU2
    if status(statement.status) == "recorded":
        found &= R5
        statement.status = _adherence(statement)
    return statement, found


def _adherence(statement: MedicationStatement) -> str:
    code = statement.adherence.code if statement.adherence is not None else None
    if code is None:
        return "active"
    for coding in code.coding or ():
        for beginning, state in _ADHERENCE.items():
            if status(coding.code).startswith(beginning):
                return state
    return "unknown"


def _procedure(procedure: Procedure) -> tuple[Procedure, Versions]:
    procedure, found = copy(procedure), ANY
    if procedure.performedDateTime is not None or procedure.performedPeriod is not None:
        found = DSTU2 | STU3 | R4
    elif procedure.occurrenceDateTime is not None or procedure.occurrencePeriod is not None:
        procedure.performedDateTime = procedure.occurrenceDateTime
        procedure.performedPeriod = procedure.occurrencePeriod
        found = R5
    if procedure.notDone is not None:
        found &= STU3
    if procedure.notPerformed is not None:
        found &= DSTU2
    if (procedure.notDone or procedure.notPerformed) and status(procedure.status) != _ERROR:
        procedure.status = "not-done"
    if procedure.notes is not None:
        procedure.note = [*(procedure.note or ()), *procedure.notes]
        found &= DSTU2
    return procedure, found


def _report(report: DiagnosticReport) -> tuple[DiagnosticReport, Versions]:
    if report.codedDiagnosis is None:
        return report, ANY if report.conclusionCode is None else R4 | R5
    return replace(report, conclusionCode=report.conclusionCode or report.codedDiagnosis), DSTU2 | STU3


def _order(order: ServiceRequest) -> tuple[ServiceRequest, Versions]:
    order = copy(order)
    if isinstance(order, DiagnosticOrder):
        _of_concepts(order, [each.code for each in order.item or ()])
        dates = [each.dateTime for each in order.event or () if each.dateTime]
        order.authoredOn = order.authoredOn or (min(dates) if dates else None)
        return _older(order, DSTU2)
    if isinstance(order, ReferralRequest):
        _of_concepts(order, [*(order.serviceRequested or ()), order.specialty])
        order.authoredOn = order.authoredOn or order.date
        return _older(order, DSTU2 if order.date is not None or order.patient is not None else DSTU2 | STU3)
    if isinstance(order, ProcedureRequest):
        old = order.orderedOn is not None or order.scheduledDateTime is not None
        order.occurrenceDateTime = order.occurrenceDateTime or order.scheduledDateTime
        newer = order.authoredOn is not None
        order.authoredOn = order.authoredOn or order.orderedOn
        return _older(order, DSTU2 if old else STU3 if newer else DSTU2 | STU3)
    code = bytes(order.code)
    if b'"concept"' not in code and b'"reference"' not in code:
        return order, R4 if b'"coding"' in code or b'"text"' in code else R4 | R5
    try:
        either = decoded(_CODE, code)
    except Unreadable:  # refused where orders are read
        return order, R4 | R5
    if either.concept is None and either.reference is None:  # the name of a member deeper inside
        return order, R4
    named = either.concept or CodeableConcept(text=either.reference.display if either.reference is not None else None)
    order.code = Raw(msgspec.json.encode(named))
    return order, R5


def _older(order: ServiceRequest, versions: Versions) -> tuple[ServiceRequest, Versions]:
    """The states of an order before R4: DSTU2 has more of them."""
    state = status(order.status)
    if state in _PLACED:
        order.status = "active"
    elif state in _NOT_PLACED:
        order.status = "draft"
    else:
        return order, versions
    return order, versions & DSTU2


def _of_concepts(order: ServiceRequest, concepts: list[CodeableConcept | None]) -> None:
    """What several things are ordered by one order, as one code: an order is only asked whether it names a thing."""
    named = [each for each in concepts if each is not None]
    codings = [coding for each in named for coding in each.coding or ()]
    texts = [each.text for each in named if each.text]
    if named and not bytes(order.code).startswith(b"{"):
        order.code = Raw(msgspec.json.encode(CodeableConcept(codings, "; ".join(texts) or None)))
