"""What a FHIR server sent: whether it answers the question, where it goes on, and whom it is about.

Only that is decoded here. The resources stay JSON text until the Reader reads them, as those of a prefetch do.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw

from cds.fhir.bundles import Sent
from cds.fhir.references import is_patient
from cds.fhir.resources import Bundle
from cds.fhir.server.failures import NoAnswer, Reason
from cds.fhir.server.queries import Query
from cds.fhir.written import UNREADABLE

__all__ = ["Page", "is_about_others", "next_link", "page"]


class Page(NamedTuple):
    """An answer that is a resource of the type that was asked for, or a Bundle of them."""

    raw: bytes
    id: str
    next: str
    """The `next` link, "" on the last page."""


class _Envelope(msgspec.Struct):
    resourceType: str  # noqa: N815 - FHIR's name
    id: str = ""
    link: Raw = Raw()


class _Link(msgspec.Struct):
    relation: str = ""
    url: str = ""


class _Reference(msgspec.Struct):
    reference: str | None = None


class _About(msgspec.Struct):
    subject: _Reference | None = None
    patient: _Reference | None = None


class _Entry(msgspec.Struct):
    resource: _About | None = None


class _Entries(msgspec.Struct):
    entry: list[_Entry] | None = None


_RELATION: Final = b'"next"'
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LINKS: Final[msgspec.json.Decoder[list[Any]]] = msgspec.json.Decoder(list[Any])
_ENTRIES: Final = msgspec.json.Decoder(_Entries)


def page(raw: bytes, asked: Query) -> Page:
    """`raw` as an answer to `asked`. Raises NoAnswer: no JSON, an OperationOutcome in its place, something else."""
    try:
        envelope = _ENVELOPE.decode(raw)
    except UNREADABLE:
        raise NoAnswer(Reason.NOT_FHIR) from None
    if envelope.resourceType == "OperationOutcome":
        raise NoAnswer(Reason.OPERATION_OUTCOME)
    if envelope.resourceType != ("Bundle" if asked.is_search else asked.type):
        raise NoAnswer(Reason.NOT_FHIR)
    return Page(raw, envelope.id, _next(envelope.link) if asked.is_search else "")


def next_link(sent: Sent) -> str:
    """Where a searchset that a client sent goes on, "" where it does not say."""
    if isinstance(sent, Bundle):
        return next((link.url for link in sent.link or () if link.relation == "next" and link.url), "")
    if not isinstance(sent, Raw | bytes) or _RELATION not in bytes(sent):
        return ""
    try:
        return _next(_ENVELOPE.decode(sent).link)
    except UNREADABLE:
        return ""


def is_about_others(raw: bytes, patient_id: str) -> bool:
    """Whether a searchset names subjects, and our patient is none of them: then it answers another question."""
    try:
        entries = _ENTRIES.decode(raw).entry or ()
    except UNREADABLE:
        return False
    named = [
        about.reference
        for entry in entries
        if entry.resource is not None
        for about in (entry.resource.subject, entry.resource.patient)
        if about is not None and about.reference
    ]
    return bool(named) and not any(is_patient(each, patient_id) for each in named)


def _next(links: Raw) -> str:
    try:
        written = _LINKS.decode(links)
    except UNREADABLE:
        return ""
    for each in written:
        try:
            link = msgspec.convert(each, _Link)
        except msgspec.ValidationError:
            continue
        if link.relation == "next":
            return link.url
    return ""
