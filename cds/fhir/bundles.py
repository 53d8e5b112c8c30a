"""JSON text becomes resources: a single one, an array, or a Bundle of any type, also Bundles inside a Bundle.

The whole text is decoded at once. Only when that fails is it taken apart and each resource decoded by itself, so that
a broken one never costs the others (invariant 8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from cds.fhir.resources import (
    READ,
    AnyResource,
    Bundle,
    Condition,
    DiagnosticOrder,
    DiagnosticReport,
    Entry,
    Link,
    Medication,
    MedicationOrder,
    MedicationRequest,
    MedicationStatement,
    Observation,
    OperationOutcome,
    Patient,
    Procedure,
    ProcedureRequest,
    ReferralRequest,
    Resource,
    ServiceRequest,
)
from cds.fhir.written import UNREADABLE, without_nulls
from cds.reasoning.chart import Access, NotUsed

__all__ = ["Located", "Pages", "Resources", "Sent"]

R = TypeVar("R", bound=Resource)

_WHOLE: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(AnyResource | list[AnyResource] | None)
_RESOURCE: Final[msgspec.json.Decoder[Resource]] = msgspec.json.Decoder(AnyResource)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_ARRAY: Final = msgspec.json.Decoder(list[Raw])
_LINKS: Final = msgspec.json.Decoder(list[Link])
_STRING: Final = msgspec.json.Decoder(str)
_NUMBER: Final = msgspec.json.Decoder(float)
_PLAIN: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()

_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,63}")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NULL: Final = b"null"
_EMPTY: Final = frozenset((b"{}", b'""'))
_NESTED: Final = 4
"""How deep Bundles are followed into Bundles; a searchset inside a batch-response is 2."""


Sent = Raw | bytes | Resource | list[Resource] | None
"""A resource, a Bundle, a list of resources, or null: as JSON text, or decoded with everything around it."""


class Located(NamedTuple, Generic[R]):
    """A resource together with the `fullUrl` of its entry, by which others may refer to it."""

    resource: R
    full_url: str


class Pages(NamedTuple):
    """One answer that came in pages."""

    pieces: tuple[Sent, ...]
    ended: Access = Access.PRESENT
    """PRESENT: the last page is among them, and what they hold says the rest; PARTIAL: not all could be had; FAILED: what
    came is no answer."""


class Resources:
    """Every resource that was opened, by type, and what could not be opened."""

    def __init__(self) -> None:
        self.conditions: list[Condition] = []
        self.observations: list[Observation] = []
        self.medication_requests: list[MedicationRequest] = []
        self.medication_statements: list[MedicationStatement] = []
        self.procedures: list[Procedure] = []
        self.reports: list[DiagnosticReport] = []
        self.orders: list[ServiceRequest] = []
        self.patients: list[Located[Patient]] = []
        self.medications: list[Located[Medication]] = []
        self.unread: list[NotUsed] = []
        """Resources that could not be decoded, each with its reference where it could be found."""
        self.other_types: set[str] = set()
        """Resource types that were met and are not read."""
        self._lists: dict[type, list[Any]] = {
            Condition: self.conditions,
            Observation: self.observations,
            MedicationRequest: self.medication_requests,
            MedicationStatement: self.medication_statements,
            Procedure: self.procedures,
            DiagnosticReport: self.reports,
            ServiceRequest: self.orders,
            # What other versions call them.
            MedicationOrder: self.medication_requests,
            ProcedureRequest: self.orders,
            ReferralRequest: self.orders,
            DiagnosticOrder: self.orders,
        }

    def count(self, kind: type[Resource]) -> int:
        """How many resources of one type were opened so far."""
        if kind is Patient:
            return len(self.patients)
        return len(self._lists[kind])

    def open(self, sent: Sent) -> Access:
        """Open what was `sent` and add what it holds. Returns its state (R5); never raises for its content.

        An empty object or string says nothing: ABSENT. What was decoded already is never changed: it is the sender's.
        """
        opening = _Opening(self, self._lists)
        text = opening.take(sent)
        if text is not None:
            if bytes(text).strip() in _EMPTY:
                return Access.ABSENT
            opening.apart(text, 0)
        return opening.state

    def open_pages(self, pages: Pages) -> Access:
        """Open the pages of one answer, and add what they hold. Returns the state of them all."""
        opening = _Opening(self, self._lists, all_pages=pages.ended is Access.PRESENT)
        for piece in pages.pieces:
            text = opening.take(piece)
            if text is not None:
                opening.apart(text, 0)
        if pages.ended is Access.PRESENT or opening.state is Access.FAILED:
            return opening.state
        return pages.ended


class _Opening:
    """The opening of one piece of text."""

    def __init__(self, into: Resources, lists: dict[type, list[Any]], *, all_pages: bool = False) -> None:
        """`all_pages`: what is opened are all the pages of one answer."""
        self._into = into
        self._lists = lists
        self._all_pages = all_pages
        self._found = 0
        self._total = 0.0
        self._failed = False
        self._partial = False

    @property
    def state(self) -> Access:
        if self._failed:
            return Access.FAILED
        if self._partial or self._total > self._found:
            return Access.PARTIAL
        return Access.PRESENT if self._found else Access.NONE

    def take(self, sent: Sent) -> Raw | bytes | None:
        """Add what was `sent`, or return its text, where that is not readable as a whole."""
        whole: Any = sent
        if isinstance(sent, Raw | bytes):
            try:
                whole = _WHOLE.decode(sent)
            except UNREADABLE:
                return sent
        if whole.__class__ is Bundle:
            self.bundle(whole, 0)
        elif whole is not None:
            resources = whole if isinstance(whole, list) else [whole]
            self.entries([Entry(resource=each) for each in resources], 0)
        return None

    def bundle(self, bundle: Bundle, depth: int) -> None:
        """Add what is in a Bundle, and judge whether it is all there is."""
        before = self._found
        self.entries(bundle.entry or (), depth)
        self._judge_pages(bundle.link, bundle.total, self._found - before)

    def entries(self, entries: Iterable[Entry], depth: int) -> None:
        """Add each entry. This loop runs once per resource of a request."""
        lists = self._lists
        outcomes: list[OperationOutcome] = []
        before = self._found
        ordinary = 0
        kind: type | None = None
        add: Callable[[Any], None] = outcomes.append
        for entry in entries:
            resource = entry.resource
            if resource.__class__ is not kind and resource.__class__ in lists:  # a searchset holds one type
                kind = resource.__class__
                add = lists[kind].append
            if resource.__class__ is kind and resource.id:  # type: ignore[union-attr]
                ordinary += 1
                add(resource)
            elif isinstance(resource, OperationOutcome):
                outcomes.append(resource)
            elif resource is not None:
                self._rarer(resource, entry.fullUrl or "", depth)
            elif entry.response is not None and isinstance(entry.response.outcome, OperationOutcome):
                outcomes.append(entry.response.outcome)
        self._found += ordinary
        if outcomes:
            self._judge(outcomes, alone=self._found == before)

    def apart(self, raw: Raw | bytes, depth: int) -> None:
        """Add what is readable of a text that is not readable as a whole."""
        try:
            first = bytes(raw).lstrip()[:1]
            if first == b"[":
                for each in _ARRAY.decode(raw):
                    self._one(each, "", depth)
                return
            members = _OBJECT.decode(raw)
        except UNREADABLE:
            self._broken(raw)
            return
        if _decoded(_STRING, members.get("resourceType")) == "Bundle" and depth < _NESTED:
            self._bundle_apart(members, depth)
        else:
            self._one(raw, "", depth)

    def _bundle_apart(self, members: dict[str, Raw], depth: int) -> None:
        before = self._found
        try:
            pieces = _ARRAY.decode(members["entry"]) if "entry" in members else []
        except UNREADABLE:
            self._failed = True
            return
        for piece in pieces:
            try:
                entry = _OBJECT.decode(piece)
            except UNREADABLE:
                if bytes(piece) != _NULL:
                    self._broken(piece)
                continue
            if "resource" in entry:
                self._one(entry["resource"], _decoded(_STRING, entry.get("fullUrl")) or "", depth)
        links = _decoded(_LINKS, members.get("link"))
        self._judge_pages(links, _decoded(_NUMBER, members.get("total")), self._found - before)

    def _one(self, raw: Raw | bytes, full_url: str, depth: int) -> None:
        """One resource, as it is or else without the nulls in its arrays."""
        for mend in (False, True):
            try:
                text = msgspec.json.encode(without_nulls(_PLAIN.decode(raw))) if mend else raw
                self.entries([Entry(fullUrl=full_url, resource=_RESOURCE.decode(text))], depth)
            except UNREADABLE:
                continue
            return
        if bytes(raw) == _NULL:
            return
        members = _decoded(_OBJECT, raw) or {}
        if _decoded(_STRING, members.get("resourceType")) == "Bundle" and depth < _NESTED:
            self._bundle_apart(members, depth + 1)
        else:
            self._broken(raw)

    def _broken(self, raw: Raw | bytes) -> None:
        """Count a resource that cannot be read, under its reference where that can be found."""
        members = _decoded(_OBJECT, raw) or {}
        name = str(_decoded(_PLAIN, members.get("resourceType")) or "")
        known = _TYPE.fullmatch(name) is not None
        self._found += 1
        if known and name not in _READ_TYPES:
            self._into.other_types.add(name)
            return
        identifier = str(_decoded(_PLAIN, members.get("id")) or "")
        reference = name if known else "Resource"
        if _ID.fullmatch(identifier):
            reference += f"/{identifier}"
        self._into.unread.append(NotUsed(reference, "unreadable"))

    def _rarer(self, resource: Resource, full_url: str, depth: int) -> None:
        """A Bundle in a Bundle, a Patient or a Medication, a resource without id, or a type that is not read."""
        if isinstance(resource, Bundle):
            if depth >= _NESTED:
                self._failed = True
            else:
                self.bundle(resource, depth + 1)
            return
        self._found += 1
        if resource.id is None and full_url:
            resource = replace(resource, id=full_url.removeprefix("urn:uuid:").rpartition("/")[2])
        if isinstance(resource, Patient):
            self._into.patients.append(Located(resource, full_url))
        elif isinstance(resource, Medication):
            self._into.medications.append(Located(resource, full_url))
        elif type(resource) in self._lists:
            self._lists[type(resource)].append(resource)
        else:
            self._into.other_types.add(type(resource).__name__)

    def _judge(self, outcomes: list[OperationOutcome], *, alone: bool) -> None:
        """R5: an error, or an OperationOutcome in the place of the data, is a failure. A mere hint is not."""
        severities = {issue.severity for outcome in outcomes for issue in outcome.issue or ()}
        if severities & {"error", "fatal"} or (alone and severities != {"information"}):
            self._failed = True

    def _judge_pages(self, links: Iterable[Link] | None, total: float | None, found: int) -> None:
        """R5: a `next` link says that there is more; so does a `total` beyond the entries, here or on all pages."""
        if self._all_pages:
            self._total = max(self._total, total or 0)
            return
        if total is not None and total > found:
            self._partial = True
        if links:
            self._partial |= any(link.relation == "next" for link in links)


_READ_TYPES: Final = frozenset(("Bundle", *(kind.__name__ for kind in READ)))

V = TypeVar("V")


def _decoded(decoder: msgspec.json.Decoder[V], raw: Raw | bytes | None) -> V | None:
    """What `decoder` makes of `raw`, None when it cannot."""
    if raw is None:
        return None
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        return None
