"""What we ask of a client, and what its answers are worth (R5, D4, D5).

A template is one FHIR read or type search that every client can resolve. There is one for each kind of data that the
rules read, two for medicines (two resource types), and one more for the laboratory whenever its codes outgrow a URL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from cds.fhir.terminology import Terminology
from cds.reasoning.chart import Access

__all__ = ["KINDS", "kind_of", "templates", "worst"]

KINDS: Final = ("patient", "conditions", "laboratory", "findings", "medications", "procedures", "reports", "orders")
"""The kinds of data of a Chart, in the order in which they are asked for."""

_LONGEST: Final = 2000
"""D4: a template stays under so many characters."""
_PATIENT: Final = "{{context.patientId}}"
_PAGE: Final = "_count=500"

_SEARCHES: Final[Mapping[str, tuple[str, str]]] = {
    "patient": ("patient", f"Patient/{_PATIENT}"),
    "conditions": ("conditions", f"Condition?patient={_PATIENT}&{_PAGE}"),
    "findings": (
        "findings",
        f"Observation?patient={_PATIENT}&category=vital-signs,exam,survey,imaging,procedure&_sort=-date&{_PAGE}",
    ),
    "medicationRequests": ("medications", f"MedicationRequest?patient={_PATIENT}&{_PAGE}"),
    "medicationStatements": ("medications", f"MedicationStatement?patient={_PATIENT}&{_PAGE}"),
    "procedures": ("procedures", f"Procedure?patient={_PATIENT}&{_PAGE}"),
    "reports": ("reports", f"DiagnosticReport?patient={_PATIENT}&_sort=-date&{_PAGE}"),
    "orders": ("orders", f"ServiceRequest?patient={_PATIENT}&status=active,draft&{_PAGE}"),
}
"""Key -> kind and template, but for the laboratory. Conditions of every status (D-10, D-15), reports of every category:
no code for imaging is in use everywhere, and pathology speaks of calcification too."""
_LABORATORY: Final = f"Observation?patient={_PATIENT}&_sort=-date&{_PAGE}&code="

_WORST_FIRST: Final = (Access.FAILED, Access.ABSENT, Access.PARTIAL, Access.PRESENT, Access.NONE)


def templates(terminology: Terminology, labs: Iterable[str], kinds: Collection[str] = KINDS) -> dict[str, str]:
    """The advertised prefetch: key -> template, derived from the laboratory tests and kinds that the rules read (D5).

    Bare LOINC codes, the same for whoever asks: sorted by test, then in order of preference. The patient is always read.
    """
    found: dict[str, str] = {}
    for kind in KINDS:
        if kind != "patient" and kind not in kinds:
            continue
        if kind == "laboratory":
            found |= _laboratory(terminology, labs)
        found |= {key: template for key, (of, template) in _SEARCHES.items() if of == kind}
    return found


def _laboratory(terminology: Terminology, labs: Iterable[str]) -> dict[str, str]:
    room = _LONGEST - len(_LABORATORY)
    rows: list[list[str]] = [[]]
    for lab in sorted(set(labs)):
        for code in terminology.lab_codes(lab):
            if len(",".join((*rows[-1], code.loinc))) >= room:
                rows.append([])
            rows[-1].append(code.loinc)
    return {
        f"laboratory{place}" if place > 1 else "laboratory": _LABORATORY + ",".join(codes)
        for place, codes in enumerate(rows, 1)
        if codes
    }


def kind_of(key: str) -> str:
    """The kind of data that an advertised key asks for; "" for a key that is not ours."""
    if key in _SEARCHES:
        return _SEARCHES[key][0]
    return "laboratory" if key.removeprefix("laboratory").isdigit() or key == "laboratory" else ""


def worst(states: Iterable[Access]) -> Access:
    """The state of a kind that several keys ask for: complete only where all of them are."""
    return min(states, key=_WORST_FIRST.index)
