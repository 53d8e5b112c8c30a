"""DiagnosticReports: what an examination concluded (ACC-4). An attached document (`presentedForm`) is not read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import status, words
from cds.fhir.lens import Lens
from cds.fhir.references import ref
from cds.fhir.resources import DiagnosticReport
from cds.reasoning.chart import Report

__all__ = ["read_reports"]

_FINAL: Final = frozenset(("final", "amended", "corrected", "appended"))
_PRELIMINARY: Final = frozenset(("preliminary", "partial", "modified"))
"""`modified` is R5's: changed, and still not final."""


def read_reports(reports: Iterable[DiagnosticReport], lens: Lens) -> list[Report]:
    """The accepted ones."""
    return lens.each(reports, _read)


def _read(report: DiagnosticReport, lens: Lens) -> Report | None:
    state = status(report.status)
    period = report.effectivePeriod
    when = lens.dates.moment(
        report.effectiveDateTime,
        period.end if period is not None else None,
        report.issued,
        period.start if period is not None else None,
    )
    if state not in _FINAL and state not in _PRELIMINARY:
        lens.refuse(report, "entered-in-error" if state == "entered-in-error" else "status", when=when)
        return None
    if lens.dates.in_future(when):
        lens.refuse(report, "future-date", when=when)
        return None
    conclusions = report.conclusionCode or ()
    meaning = lens.codes.meanings[bytes(report.code)]
    return Report(
        source=ref(report),
        matches=meaning.matches,
        name=meaning.words,
        texts=_texts(report),
        when=when,
        loincs=meaning.loincs,
        preliminary=state in _PRELIMINARY,
        value_matches=lens.codes.matches(*conclusions),
    )


def _texts(report: DiagnosticReport) -> tuple[str, ...]:
    conclusion = (report.conclusion or "").strip()
    coded = words(*(report.conclusionCode or ()))
    return (conclusion, *(each for each in coded if each != conclusion)) if conclusion else coded
