"""ServiceRequests that are active or drafts: what is asked for already is not proposed again (section 13)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import words
from cds.fhir.lens import Lens, status
from cds.fhir.references import ref
from cds.fhir.resources import ServiceRequest
from cds.fhir.terminology import LOINC
from cds.reasoning.chart import Order

__all__ = ["read_orders"]

_OPEN: Final = frozenset(("active", "draft"))


def read_orders(requests: Iterable[ServiceRequest], lens: Lens) -> list[Order]:
    """The open ones. An order that is done, on hold, revoked or an error asks for nothing: it is simply left."""
    return [_order(each, lens) for each in requests if status(each.status) in _OPEN and not each.doNotPerform]


def _order(request: ServiceRequest, lens: Lens) -> Order:
    codings = (request.code.coding or ()) if request.code is not None else ()
    return Order(
        source=ref(request),
        matches=lens.codes.matches(request.code),
        texts=words(request.code),
        labs=tuple(dict.fromkeys(code.lab for code in lens.codes.labs(request.code))),
        loincs=tuple(
            coding.code.strip() for coding in codings if coding.code and lens.codes.is_in(LOINC, coding.system)
        ),
        when=lens.dates.moment(request.authoredOn, request.occurrenceDateTime),
        placed=status(request.status) == "active",
    )
