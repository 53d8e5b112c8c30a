"""Procedures that were done or are going on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import words
from cds.fhir.lens import Lens, status
from cds.fhir.references import ref
from cds.fhir.resources import Procedure as Resource
from cds.reasoning.chart import Moment, Procedure

__all__ = ["read_procedures"]

_DONE: Final = frozenset(("completed", "in-progress"))


def read_procedures(procedures: Iterable[Resource], lens: Lens) -> list[Procedure]:
    """The accepted ones, of which a code, a name or a note is of interest."""
    read = (_read(procedure, lens) for procedure in procedures if _speaks(procedure, lens))
    return [each for each in read if each is not None]


def _speaks(procedure: Resource, lens: Lens) -> bool:
    if procedure.code is None or lens.codes.meaning(procedure.code) is not None:
        return True
    return any(note.text is not None and lens.interesting(note.text) for note in procedure.note or ())


def _read(procedure: Resource, lens: Lens) -> Procedure | None:
    state = status(procedure.status)
    if state not in _DONE:
        lens.refuse(procedure, "entered-in-error" if state == "entered-in-error" else "status")
        return None
    first, last = _times(procedure, lens, ongoing=state == "in-progress")
    if lens.dates.in_future(first):
        lens.refuse(procedure, "future-date", when=first)
        return None
    texts = words(procedure.code, more=(note.text for note in procedure.note or ()))
    matches = lens.codes.matches(procedure.code)
    if not texts and not matches:
        lens.refuse(procedure, "data-absent")
        return None
    return Procedure(
        source=ref(procedure),
        matches=matches,
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
