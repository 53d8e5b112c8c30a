"""Severities that are coded or graded by a number (CVI-1). Severities in words are read by the rules, like all words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cds.fhir.resources import CodeableConcept
from cds.fhir.terminology import SNOMED_CT
from cds.reasoning.chart import Severity
from cds.reasoning.language.text import fold

__all__ = ["says_absent", "severity"]

_CODED: Final[dict[str, Severity]] = {"255604002": "mild", "6736007": "moderate", "24484000": "marked"}
"""SNOMED CT qualifiers of the rows on oedema, CVI-1."""
_GRADED: Final[dict[str, Severity]] = {
    "0+": "absent", "1+": "mild", "+": "mild", "2+": "moderate", "++": "moderate",
    "3+": "marked", "+++": "marked", "4+": "marked", "++++": "marked",
}  # fmt: skip
"""CVI-1: 1+ and 2+ are mild and moderate, 3+ and 4+ are marked."""
_MILDEST_FIRST: Final[tuple[Severity, ...]] = ("absent", "mild", "moderate", "marked")
_ABSENT: Final = frozenset(
    map(
        fold,
        (
            *("absent", "absente", "absence", "none", "no", "non", "nil", "negative", "negatif", "false", "faux", "0+"),
            *("néant", "aucun", "aucune", "non présent", "non observé", "non retrouvé"),
            *("not present", "not detected", "not observed", "not seen"),
        ),
    )
)
_QUALIFIER: Final = re.compile(r"\s*\((qualifier value|finding|situation)\)$")


def severity(*concepts: CodeableConcept | None, texts: Iterable[str] = ()) -> Severity | None:
    """What codes and grades (1+ to 4+) say; of several the mildest, because silence never raises a stage (D-8)."""
    found: set[Severity] = set()
    for concept in concepts:
        if concept is None:
            continue
        for coding in concept.coding or ():
            if coding.system == SNOMED_CT and coding.code in _CODED:
                found.add(_CODED[coding.code])
            _grade(coding.display, found)
        _grade(concept.text, found)
    for text in texts:
        _grade(text, found)
    return next((each for each in _MILDEST_FIRST if each in found), None)


def _grade(text: str | None, found: set[Severity]) -> None:
    if text and len(text) <= len("++++") + 2:
        graded = _GRADED.get("".join(text.split()))
        if graded:
            found.add(graded)


def says_absent(texts: Iterable[str]) -> bool:
    """Whether any of the words of a value, taken whole, says that the thing is not there."""
    return any(_QUALIFIER.sub("", fold(text).strip(" .")) in _ABSENT for text in texts if len(text) <= 40)
