"""MedicationRequests and MedicationStatements become medicines (ACC-5, ACC-7).

The medicine itself may stand in the resource, be contained in it (`#id`), or be a Medication beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from cds.fhir.bundles import Located
from cds.fhir.codes import codings, status, words
from cds.fhir.lens import Lens
from cds.fhir.references import ref
from cds.fhir.resources import (
    Age,
    CodeableConcept,
    Dosage,
    Medication,
    MedicationRequest,
    MedicationStatement,
    Reference,
)
from cds.reasoning.chart import Match, Medicine, Moment

__all__ = ["Shelf", "read_requests", "read_statements"]

State = Literal["active", "ended"]

_STATES: Final[dict[str, State]] = {
    "active": "active", "completed": "ended", "ended": "ended", "stopped": "ended", "on-hold": "ended",
}  # fmt: skip
"""`ended` is R5's."""
_NOT_PRESCRIBED: Final = frozenset(("proposal", "option"))
_DAYS: Final = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25, "day": 1.0, "days": 1.0, "jour": 1.0, "jours": 1.0}
_MEDICATION: Final = msgspec.json.Decoder(Medication)


class Shelf:
    """The Medication resources that were sent, by every reference that may be made to them."""

    def __init__(self, medications: Iterable[Located[Medication]]) -> None:
        self._by_reference: dict[str, Medication] = {}
        for resource, full_url in medications:
            self._by_reference[f"Medication/{resource.id}"] = resource
            self._by_reference[f"urn:uuid:{resource.id}"] = resource
            if full_url:
                self._by_reference[full_url] = resource

    def find(self, reference: str, contained: Iterable[msgspec.Raw]) -> Medication | None:
        """The Medication that `reference` means, None when it was not sent."""
        reference = reference.strip()
        if reference.startswith("#"):
            return _contained(reference[1:], contained)
        found = self._by_reference.get(reference)
        if found is None and "/" in reference:
            relative = "/".join(reference.partition("/_history/")[0].split("/")[-2:])
            found = self._by_reference.get(relative)
        return found


def _contained(identifier: str, contained: Iterable[msgspec.Raw]) -> Medication | None:
    for raw in contained:
        try:
            resource = _MEDICATION.decode(raw)
        except (ValueError, RecursionError):
            continue
        if resource.id in (identifier, f"#{identifier}"):
            return resource
    return None


class _Times(NamedTuple):
    state: State
    since: Moment | None
    until: Moment | None = None


class _Content(NamedTuple):
    """What a medicine is, and how it is given."""

    matches: tuple[Match, ...]
    texts: tuple[str, ...]
    sites: tuple[str, ...]
    route: str
    note: str


def read_requests(requests: Iterable[MedicationRequest], shelf: Shelf, lens: Lens) -> list[Medicine]:
    """The medicines that were prescribed, of the classes that a rule knows."""
    found = []
    for request in requests:
        state = _state(request, lens)
        content = _content(request, request.dosageInstruction or (), shelf, lens) if state is not None else None
        if state is not None and content is not None:
            found.append(_medicine(request, content, _prescribed(request, state, lens), lens))
    return [each for each in found if each is not None]


def read_statements(statements: Iterable[MedicationStatement], shelf: Shelf, lens: Lens) -> list[Medicine]:
    """The medicines that are said to be taken, of the classes that a rule knows."""
    found = []
    for statement in statements:
        state = _state(statement, lens)
        content = _content(statement, statement.dosage or (), shelf, lens) if state is not None else None
        if state is not None and content is not None:
            found.append(_medicine(statement, content, _taken(statement, state, lens), lens))
    return [each for each in found if each is not None]


def _medicine(
    resource: MedicationRequest | MedicationStatement, content: _Content, times: _Times, lens: Lens
) -> Medicine | None:
    if lens.dates.in_future(times.since):
        lens.refuse(resource, "future-date", when=times.since)
        return None
    return Medicine(
        source=ref(resource),
        matches=content.matches,
        texts=content.texts,
        state=times.state,
        since=times.since,
        until=times.until,
        sites=content.sites,
        route=content.route,
        note=content.note,
    )


def _state(resource: MedicationRequest | MedicationStatement, lens: Lens) -> State | None:
    written = status(resource.status)
    state = _STATES.get(written)
    if state is None:
        lens.refuse(resource, "entered-in-error" if written == "entered-in-error" else "status")
    elif isinstance(resource, MedicationRequest) and (
        resource.doNotPerform or status(resource.intent) in _NOT_PRESCRIBED
    ):
        lens.refuse(resource, "status")
        return None
    return state


def _prescribed(request: MedicationRequest, state: State, lens: Lens) -> _Times:
    """From when to when. Nobody says when a prescription was ended; the latest known end that has passed counts, else
    the day it was written, the earliest that it can have been."""
    since = lens.dates.moment(request.authoredOn)
    if state == "active":
        return _Times(state, since)
    passed = [end for end in _ends(request, since, lens) if end is not None and end.instant <= lens.now]
    return _Times(state, since, max(passed) if passed else since)


def _ends(request: MedicationRequest, since: Moment | None, lens: Lens) -> list[Moment | None]:
    """When the dosage ends, else when the supply does, else when the prescription expires."""
    bounds = [
        dosage.timing.repeat.boundsPeriod.end
        for dosage in request.dosageInstruction or ()
        if dosage.timing and dosage.timing.repeat and dosage.timing.repeat.boundsPeriod
    ]
    if request.effectiveDosePeriod is not None:
        bounds.append(request.effectiveDosePeriod.end)
    dispense = request.dispenseRequest
    if any(bounds) or dispense is None:
        return [lens.dates.moment(end) for end in bounds]
    validity = dispense.validityPeriod
    return [
        _after(lens.dates.past(since), dispense.expectedSupplyDuration)
        or lens.dates.moment(validity.end if validity is not None else None)
    ]


def _taken(statement: MedicationStatement, state: State, lens: Lens) -> _Times:
    """From when to when. An end in the past ends it, whatever the status says."""
    dates = lens.dates
    period = statement.effectivePeriod
    since = dates.moment(period.start if period is not None else None, statement.effectiveDateTime)
    end = dates.moment(period.end if period is not None else None)
    if end is not None and end.instant <= lens.now:
        return _Times("ended", since, end)
    if state == "active":
        return _Times(state, since)
    return _Times(state, since, dates.moment(statement.effectiveDateTime, statement.dateAsserted) or since)


def _after(since: Moment | None, duration: Age | None) -> Moment | None:
    if since is None or duration is None or duration.value is None:
        return None
    days = _DAYS.get(duration.code or (duration.unit or "").strip().lower())
    if days is None or not 0 <= duration.value * days < 36525:
        return None
    end = since.instant + timedelta(days=duration.value * days)
    return Moment(end, end.date().isoformat())


def _content(
    resource: MedicationRequest | MedicationStatement, dosages: Sequence[Dosage], shelf: Shelf, lens: Lens
) -> _Content | None:
    """What it is; None for a medicine of no class that a rule knows, and for one that is not named."""
    concepts, names = _named(resource, shelf)
    texts = words(*concepts, more=names)
    coded = codings(concepts)
    if not texts and not coded:
        lens.refuse(resource, "data-absent")
        return None
    route = "; ".join(words(*[dosage.route for dosage in dosages])).lower() if dosages else ""
    matches = lens.codes.medicine(coded, texts, route)
    if not matches:
        return None
    notes = [*_notes(resource), *(dosage.text for dosage in dosages)]
    sites = words(*[dosage.site or dosage.siteCodeableConcept for dosage in dosages])
    return _Content(matches, texts, sites, route, "; ".join(words(more=notes)))


def _notes(resource: MedicationRequest | MedicationStatement) -> list[str | None]:
    note = resource.note
    return [note] if isinstance(note, str) else [each.text for each in note or ()]


def _named(
    resource: MedicationRequest | MedicationStatement, shelf: Shelf
) -> tuple[list[CodeableConcept], tuple[str | None, ...]]:
    """The codes and names of the medicine: its own, and those of the Medication that it refers to."""
    concepts: list[CodeableConcept | None] = [resource.medicationCodeableConcept]
    reference: Reference | None = resource.medicationReference
    if reference is not None and reference.reference:
        medication = shelf.find(reference.reference, resource.contained or ())
        if medication is not None:
            concepts.append(medication.code)
            for each in medication.ingredient or ():
                concepts += [each.itemCodeableConcept, each.item.concept if each.item is not None else None]
    names = (reference.display,) if reference is not None else ()
    return [concept for concept in concepts if concept is not None], names
