"""ServiceRequests that are active or drafts: what is asked for already is not proposed again (section 13)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import status
from cds.fhir.lens import Lens
from cds.fhir.references import ref
from cds.fhir.resources import ServiceRequest
from cds.reasoning.chart import Order

__all__ = ["read_orders"]

_OPEN: Final = frozenset(("active", "draft"))


def read_orders(requests: Iterable[ServiceRequest], lens: Lens) -> list[Order]:
    """The open ones. An order that is done, on hold, revoked or an error asks for nothing: it is simply left."""
    return lens.each(requests, _read)


def _read(request: ServiceRequest, lens: Lens) -> Order | None:
    if status(request.status) not in _OPEN or request.doNotPerform:
        return None
    meaning = lens.codes.meanings[bytes(request.code)]
    return Order(
        source=ref(request),
        matches=meaning.matches,
        texts=meaning.words,
        labs=tuple(dict.fromkeys(code.lab for code in lens.codes.labs(meaning.concept))),
        loincs=meaning.loincs,
        when=lens.dates.moment(request.authoredOn, request.occurrenceDateTime),
        placed=status(request.status) == "active",
    )
