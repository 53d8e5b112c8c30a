"""Procedures that were done or are going on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import status, words
from cds.fhir.lens import Lens
from cds.fhir.references import ref
from cds.fhir.resources import Procedure as Resource
from cds.reasoning.chart import Moment, Procedure

__all__ = ["read_procedures"]

_DONE: Final = frozenset(("completed", "in-progress"))


def read_procedures(procedures: Iterable[Resource], lens: Lens) -> list[Procedure]:
    """The accepted ones, of which a code, a name or a note is of interest."""
    return lens.each(procedures, _read)


def _read(procedure: Resource, lens: Lens) -> Procedure | None:
    meaning = lens.codes.meanings[bytes(procedure.code)]
    notes = [note.text for note in procedure.note or () if note.text is not None]
    if not meaning.of_interest and meaning.concept is not None and not any(map(lens.interesting, notes)):
        return None
    state = status(procedure.status)
    if state not in _DONE:
        lens.refuse(procedure, "entered-in-error" if state == "entered-in-error" else "status")
        return None
    first, last = _times(procedure, lens, ongoing=state == "in-progress")
    if lens.dates.in_future(first):
        lens.refuse(procedure, "future-date", when=first)
        return None
    texts = words(meaning.concept, more=notes) if notes else meaning.words
    if not texts and not meaning.matches:
        lens.refuse(procedure, "data-absent")
        return None
    return Procedure(
        source=ref(procedure),
        matches=meaning.matches,
        texts=texts,
        first=first,
        last=last,
        sites=words(*(procedure.bodySite or ())),
    )


def _times(procedure: Resource, lens: Lens, *, ongoing: bool) -> tuple[Moment | None, Moment | None]:
    """First and last time. What is going on and has not ended was last done now: dialysis is one Procedure in many
    records, in progress since years (REN-3)."""
    period = procedure.performedPeriod
    start = lens.dates.moment(procedure.performedDateTime, period.start if period is not None else None)
    end = lens.dates.moment(period.end if period is not None else None)
    if ongoing and (end is None or end.instant > lens.now) and (start is not None or end is not None):
        end = Moment(lens.now, lens.now.isoformat(timespec="seconds"))
    return start or end, end or start
