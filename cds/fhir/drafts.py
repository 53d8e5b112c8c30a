"""The orders that are being written, of a hook's `context.draftOrders`, become drafts (ORD-0a, ORD-0b).

They are read with structs of their own: why, for what, where and how urgently matter here, and a draft of R5 or STU3 is
understood where R4 is (`medication` and `code` as CodeableReference). Other types of order are ignored.
"""

# ruff: noqa: N815 - the members of FHIR are written as FHIR writes them
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeVar, cast

import msgspec
from msgspec import Raw

from cds.fhir.bundles import Located
from cds.fhir.codes import codings, status, words
from cds.fhir.duplicates import newest
from cds.fhir.lens import Lens
from cds.fhir.medications import Shelf
from cds.fhir.references import Subject, ref
from cds.fhir.resources import (
    Annotation,
    CodeableConcept,
    CodeableReference,
    Dosage,
    Medication,
    Reference,
    Resource,
    SubjectResource,
)
from cds.fhir.terminology import ATC
from cds.fhir.written import UNREADABLE, Unreadable, decoded
from cds.reasoning.chart import Draft, Match, Medicine, NotUsed

__all__ = ["DraftOrders", "read_drafts", "renewals"]

S = TypeVar("S", bound=SubjectResource)
Kind = Literal["MedicationRequest", "ServiceRequest", "DeviceRequest"]

_NOT_ORDERED: Final = frozenset(("cancelled", "entered-in-error", "revoked", "stopped"))
"""ORD-0a; `revoked` is what a ServiceRequest says for cancelled."""
_DO_NOT_PERFORM: Final = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class _Flag(msgspec.Struct, gc=False):
    url: str | None = None
    valueBoolean: bool | None = None


class _Code(CodeableConcept, gc=False):
    """A CodeableConcept (R4), or a CodeableReference (R5)."""

    concept: CodeableConcept | None = None
    reference: Reference | None = None


class _Order(SubjectResource, gc=False):
    """What every order says."""

    contained: list[Raw] | None = None
    status: str | None = None
    doNotPerform: bool | None = None
    modifierExtension: list[_Flag] | None = None
    """Where a DeviceRequest of R4 says that it is not to be performed."""
    priority: str | None = None
    reasonCode: list[CodeableConcept] | None = None
    reasonReference: list[Reference] | None = None
    reason: list[CodeableReference] | None = None
    note: list[Annotation] | None = None


class MedicationRequest(_Order, gc=False, tag="MedicationRequest"):
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    medication: CodeableReference | None = None
    dosageInstruction: list[Dosage] | None = None


class ServiceRequest(_Order, gc=False, tag="ServiceRequest"):
    code: _Code | None = None
    orderDetail: list[CodeableConcept] | None = None
    bodySite: list[CodeableConcept] | None = None


class ProcedureRequest(ServiceRequest, gc=False, tag="ProcedureRequest"):
    """What STU3 calls a ServiceRequest."""


class DeviceRequest(_Order, gc=False, tag="DeviceRequest"):
    codeCodeableConcept: CodeableConcept | None = None
    codeReference: Reference | None = None
    code: _Code | None = None


class _DeviceName(msgspec.Struct, gc=False):
    name: str | None = None


class _Device(msgspec.Struct, gc=False):
    """A contained Device; its type is a list in R5."""

    id: str | None = None
    type: CodeableConcept | list[CodeableConcept] | None = None
    deviceName: list[_DeviceName] | None = None


class _Entry(msgspec.Struct, gc=False):
    fullUrl: str | None = None
    resource: Raw = Raw(b"null")


class _Head(msgspec.Struct, gc=False):
    """What any resource says first. Of a Bundle: its entries."""

    resourceType: str = ""
    id: str | None = None
    entry: list[Raw] | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)
_ENTRY: Final = msgspec.json.Decoder(_Entry)
_DEVICE: Final = msgspec.json.Decoder(_Device)
_READ: Final[dict[str, msgspec.json.Decoder[Resource]]] = {
    kind.__name__: msgspec.json.Decoder(kind)
    for kind in (MedicationRequest, ServiceRequest, ProcedureRequest, DeviceRequest, Medication)
}


class DraftOrders:
    """A Bundle of draft orders, opened: each by itself, so that a broken one never costs the others (invariant 8)."""

    def __init__(self, bundle: Raw | bytes | None, selections: Iterable[str] | None = None) -> None:
        """`selections`: the orders that are judged, by reference (order-select); None: all of them (order-sign)."""
        self.medicines: list[MedicationRequest] = []
        self.services: list[ServiceRequest] = []
        self.devices: list[DeviceRequest] = []
        self.medications: list[Located[Medication]] = []
        self.unread: list[NotUsed] = []
        self._selected = None if selections is None else {_relative(each) for each in selections}
        self._full_urls: dict[str, str] = {}
        if bundle is not None:
            self._open(bundle)

    def is_selected(self, draft: _Order) -> bool:
        """Whether it is to be judged, by its reference, its bare id or the `fullUrl` of its entry."""
        if self._selected is None:
            return True
        reference = str(ref(draft))
        names = {reference, draft.id, self._full_urls.get(reference)}
        return not self._selected.isdisjoint(name for name in names if name)

    def _open(self, bundle: Raw | bytes) -> None:
        try:
            head = _HEAD.decode(bundle)
        except UNREADABLE:
            self.unread.append(NotUsed("Bundle", "unreadable"))
            return
        for raw in head.entry or ():
            try:
                entry = _ENTRY.decode(raw)
            except UNREADABLE:
                self.unread.append(NotUsed("Resource", "unreadable"))
                continue
            self._one(entry.resource, entry.fullUrl or "")

    def _one(self, raw: Raw, full_url: str) -> None:
        if bytes(raw) == b"null":
            return
        try:
            head = _HEAD.decode(raw)
        except UNREADABLE:
            self.unread.append(NotUsed("Resource", "unreadable"))
            return
        decoder = _READ.get(head.resourceType)
        if decoder is None:
            return
        try:
            resource = decoded(decoder, raw)
        except Unreadable:
            reference = f"{head.resourceType}/{head.id}" if _ID.fullmatch(head.id or "") else head.resourceType
            self.unread.append(NotUsed(reference, "unreadable"))
            return
        if not resource.id and full_url:
            resource.id = full_url.removeprefix("urn:uuid:").rpartition("/")[2]
        if isinstance(resource, Medication):
            self.medications.append(Located(resource, full_url))
            return
        if full_url:
            self._full_urls[str(ref(cast(_Order, resource)))] = _relative(full_url)
        if isinstance(resource, MedicationRequest):
            self.medicines.append(resource)
        elif isinstance(resource, ServiceRequest):
            self.services.append(resource)
        elif isinstance(resource, DeviceRequest):
            self.devices.append(resource)

    def own(self, subject: Subject) -> None:
        """Keep the orders of the patient; those of somebody else are counted (R6, ORD-0a)."""
        self.medicines = subject.own(self.medicines)
        self.services = subject.own(self.services)
        self.devices = subject.own(self.devices)

    def settle(self, subject: Subject, lens: Lens) -> None:
        """Each order once, and those without a subject where they may be used: ask after all were given to `own`."""

        def once(orders: list[S], kind: type[S]) -> list[S]:
            return newest(orders + subject.orphans(kind), lens.dates, lens.not_used)

        self.medicines = once(self.medicines, MedicationRequest)
        self.services = once(self.services, ServiceRequest)
        self.devices = once(self.devices, DeviceRequest)


def read_drafts(orders: DraftOrders, record: Iterable[Located[Medication]], lens: Lens) -> list[Draft]:
    """The orders that are to be carried out. `record`: the Medications of the record, to which a draft may refer."""
    shelf = Shelf((*record, *orders.medications))
    found = [
        *(_medicine(each, shelf, lens) for each in orders.medicines if _is_ordered(each, lens)),
        *(_service(each, lens) for each in orders.services if _is_ordered(each, lens)),
        *(_device(each, lens) for each in orders.devices if _is_ordered(each, lens)),
    ]
    return [
        draft._replace(selected=orders.is_selected(order)) for order, draft in found if _is_named(order, draft, lens)
    ]


def renewals(drafts: Iterable[Draft], medicines: Sequence[Medicine], lens: Lens) -> tuple[Draft, ...]:
    """`drafts`, each saying for how long a medicine of its class has been active (ORD-0c)."""
    since = [
        (match.concept, (lens.now - medicine.since.instant).days)
        for medicine in medicines
        if medicine.state == "active" and medicine.since is not None
        for match in medicine.matches
    ]
    return tuple(_renewal(draft, since) if since and draft.kind == "MedicationRequest" else draft for draft in drafts)


def _renewal(draft: Draft, since: Iterable[tuple[str, int]]) -> Draft:
    concepts = {match.concept for match in draft.matches}
    return draft._replace(renewal_of_days=max((days for concept, days in since if concept in concepts), default=None))


def _is_ordered(order: _Order, lens: Lens) -> bool:
    written = status(order.status)
    forbidden = order.doNotPerform or any(
        each.url == _DO_NOT_PERFORM and each.valueBoolean for each in order.modifierExtension or ()
    )
    if forbidden or written in _NOT_ORDERED:
        lens.refuse(order, "entered-in-error" if written == "entered-in-error" else "status")
        return False
    return True


def _is_named(order: _Order, draft: Draft, lens: Lens) -> bool:
    """Whether it says at all what is ordered."""
    if draft.texts or draft.matches or draft.loincs:
        return True
    lens.refuse(order, "data-absent")
    return False


def _medicine(order: MedicationRequest, shelf: Shelf, lens: Lens) -> tuple[_Order, Draft]:
    concepts, names, forms = _medication(order, shelf)
    dosages = order.dosageInstruction or ()
    texts = words(*concepts, more=names)
    written = codings(concepts)
    ways = [*(dosage.route for dosage in dosages), *forms]
    route = "; ".join(words(*ways, more=_codes(ways))).lower()
    matches = lens.codes.medicine(written, texts, route)
    coded = any(lens.codes.is_in(ATC, coding.system) for coding in written)
    shared = _shared(lens.codes.matches(*concepts), matches) if coded else ()
    return order, _draft(order, matches + shared, texts, [dosage.text for dosage in dosages])._replace(
        route=route,
        sites=words(*(dosage.site for dosage in dosages)),
        coded=coded,
    )


def _shared(codes: tuple[Match, ...], matches: tuple[Match, ...]) -> tuple[Match, ...]:
    """ATC codes of several medicines, whose words did not say which: they count beside words that do (ORD-0b)."""
    known = {match.concept for match in matches}
    return tuple(
        match for match in codes if match.needs_text and match.coding.system == ATC and match.concept not in known
    )


def _medication(
    order: MedicationRequest, shelf: Shelf
) -> tuple[list[CodeableConcept], list[str | None], list[CodeableConcept | None]]:
    """Codes, names and dose forms of the medicine: of the order, and of the Medication that it refers to."""
    either = order.medication or CodeableReference()
    concepts = [order.medicationCodeableConcept, either.concept]
    names: list[str | None] = []
    forms: list[CodeableConcept | None] = []
    for reference in (order.medicationReference, either.reference):
        if reference is None:
            continue
        names.append(reference.display)
        medication = shelf.find(reference.reference or "", order.contained or ())
        if medication is not None:
            forms += [medication.form, medication.doseForm]
            concepts.append(medication.code)
            for each in medication.ingredient or ():
                concepts += [each.itemCodeableConcept, each.item.concept if each.item is not None else None]
    return [concept for concept in concepts if concept is not None], names, forms


def _service(order: ServiceRequest, lens: Lens) -> tuple[_Order, Draft]:
    concepts, names = _coded(order.code)
    draft = _draft(
        order, lens.codes.matches(*concepts), words(*concepts, more=names), words(*(order.orderDetail or ()))
    )
    tests = [code.lab for concept in concepts for code in lens.codes.labs(concept)]
    loincs = [loinc for concept in concepts for loinc in lens.codes.meaning(concept).loincs]
    return order, draft._replace(
        loincs=tuple(dict.fromkeys(loincs)),
        labs=tuple(dict.fromkeys(tests)),
        sites=words(*(order.bodySite or ())),
    )


def _device(order: DeviceRequest, lens: Lens) -> tuple[_Order, Draft]:
    concepts, names = _coded(order.code)
    if order.codeCodeableConcept is not None:
        concepts.append(order.codeCodeableConcept)
    for reference in (order.codeReference, order.code.reference if order.code is not None else None):
        if reference is not None:
            names.append(reference.display)
            device = _contained_device(reference.reference or "", order.contained or ())
            concepts += _types(device)
            names += [each.name for each in device.deviceName or ()]
    return order, _draft(order, lens.codes.matches(*concepts), words(*concepts, more=names), ())


def _draft(order: _Order, matches: tuple[Match, ...], texts: tuple[str, ...], more: Iterable[str | None]) -> Draft:
    source = ref(order)
    reasons = [*(order.reasonCode or ()), *(each.concept for each in order.reason or ())]
    why = [
        *(each.display for each in order.reasonReference or ()),
        *(each.reference.display for each in order.reason or () if each.reference is not None),
        *(note.text for note in order.note or ()),
        *more,
    ]
    return Draft(
        source=source,
        kind="ServiceRequest" if isinstance(order, ServiceRequest) else cast("Kind", source.type),
        matches=matches,
        texts=texts,
        priority=status(order.priority),
        note="; ".join(words(*reasons, more=why)),
        resource_id=str(source) if source.id else "",
    )


def _coded(code: _Code | None) -> tuple[list[CodeableConcept], list[str | None]]:
    """Concepts and names of a code of R4 or R5."""
    if code is None:
        return [], []
    concepts = [CodeableConcept(code.coding, code.text), *([code.concept] if code.concept is not None else [])]
    return concepts, [code.reference.display] if code.reference is not None else []


def _codes(concepts: Iterable[CodeableConcept | None]) -> list[str | None]:
    return [coding.code for concept in concepts if concept is not None for coding in concept.coding or ()]


def _contained_device(reference: str, contained: Iterable[Raw]) -> _Device:
    for raw in contained:
        try:
            device = _DEVICE.decode(raw)
        except UNREADABLE:
            continue
        if device.id and device.id.lstrip("#") == reference.lstrip("#"):
            return device
    return _Device()


def _types(device: _Device) -> Iterable[CodeableConcept]:
    if device.type is None:
        return ()
    return device.type if isinstance(device.type, list) else (device.type,)


def _relative(reference: str) -> str:
    """ "ServiceRequest/1" of any reference to it, or the bare id that was given."""
    reference = reference.strip().partition("/_history/")[0]
    if reference.startswith("urn:uuid:"):
        return reference.removeprefix("urn:uuid:")
    return "/".join(reference.split("/")[-2:])
