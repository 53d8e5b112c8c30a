"""What the codes and words of a resource stand for, remembered from one request to the next.

A chart of hundreds of Observations holds few distinct codes, and most of them mean nothing here. What a code means is
remembered by its JSON text, whether a name is of interest by its words; neither is about a patient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from cds.fhir.medicines import Medicines
from cds.fhir.resources import CodeableConcept
from cds.fhir.terminology import LOINC, LabCode, Terminology
from cds.fhir.units import Scales
from cds.fhir.written import Remembered, decoded
from cds.reasoning.chart import Coding, Match

__all__ = [
    "AMBIGUOUS",
    "NO_INTERPRETATION",
    "Codes",
    "Interpretation",
    "Meaning",
    "codes_and_words",
    "codings",
    "status",
    "without_property",
    "words",
]

V = TypeVar("V")

AMBIGUOUS: Final = LabCode("", "", "", 0)
"""The codings of one concept name different laboratory tests: it cannot be said which one was measured."""

_INTERPRETATIONS: Final = frozenset("N H HH HU L LL LU A AA POS NEG IND ND DET < >".split())  # noqa: SIM905
_MASS: Final = re.compile(r"\s*\[[^\]]*\bmass\b[^\]]*\]", re.IGNORECASE)
_REMEMBERED: Final = 8192
_LONGEST: Final = 200
"""Names longer than this are sentences: judged, not remembered."""
_LONGEST_TEXT: Final = 1000
"""The same for the JSON text of codes, which may hold several."""

_CONCEPT: Final[msgspec.json.Decoder[CodeableConcept | None]] = msgspec.json.Decoder(CodeableConcept | None)
_CONCEPTS: Final[msgspec.json.Decoder[list[CodeableConcept] | CodeableConcept | None]] = msgspec.json.Decoder(
    list[CodeableConcept] | CodeableConcept | None
)
"""Several, or just one, as in the older versions."""
_STATUS: Final[msgspec.json.Decoder[CodeableConcept | str | None]] = msgspec.json.Decoder(CodeableConcept | str | None)


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """What a CodeableConcept says."""

    concept: CodeableConcept | None
    """As it was found; None where there is none."""
    of_interest: bool
    """Whether one of its codes stands for something that a rule knows, or else one of its words does."""
    lab: LabCode | None
    """The laboratory test that it names, or AMBIGUOUS."""
    scales: Scales | None
    """The units of that test; None where there is no test, or its results may not be used."""
    matches: tuple[Match, ...]
    words: tuple[str, ...]
    loincs: tuple[str, ...]


class Interpretation(msgspec.Struct, frozen=True, gc=False):
    """What Observation.interpretation says."""

    concepts: tuple[CodeableConcept, ...] = ()
    code: str = ""
    """The first code of v3-ObservationInterpretation; "" when there is none."""
    note: str = ""
    """What it says in words."""


NO_INTERPRETATION: Final = Interpretation()


class Codes:
    """Terminology, medicines and words of interest, with what they said before.

    `meanings`, `interpretations`, `statuses` and `categories` are asked with the JSON text of a member, and raise
    Unreadable for text that is no such member.
    """

    def __init__(
        self,
        terminology: Terminology,
        medicines: Medicines,
        named: Callable[[str], bool],
        scales: Mapping[str, Scales] | None = None,
    ) -> None:
        """`named`: whether a name says something that a rule knows. `scales`: by LOINC code (`Units.scales`)."""
        self._terminology = terminology
        self._recognise = medicines.recognise
        self._named = named
        self._scales = scales or {}
        self._names: dict[str, bool] = {}
        self._medicines: dict[tuple[tuple[Coding, ...], tuple[str, ...], str], tuple[Match, ...]] = {}
        self.meanings = _remembered(lambda text: self.meaning(decoded(_CONCEPT, text)))
        """CodeableConcept -> Meaning."""
        self.interpretations = _remembered(lambda text: _interpretation(_several(decoded(_CONCEPTS, text))))
        """Observation.interpretation -> Interpretation."""
        self.statuses = _remembered(lambda text: _statuses(decoded(_STATUS, text)))
        """A status -> its codes as they compare."""
        self.categories = _remembered(lambda text: _categories(_several(decoded(_CONCEPTS, text))))
        """Condition.category -> its codes as they compare."""

    def meaning(self, concept: CodeableConcept | None) -> Meaning:
        """What `concept` is: any of its codings decides (the wanted one may be the last), then its words."""
        if concept is None:
            return _NO_MEANING
        lab: LabCode | None = None
        for each in self.labs(concept):
            lab = each if lab is None else _better(lab, each)
        matches = self.matches(concept)
        names = [concept.text, *(coding.display for coding in concept.coding or ())]
        return Meaning(
            concept=concept,
            of_interest=lab is not None
            or bool(matches)
            or any(self.interesting(name) for name in names if name is not None),
            lab=lab,
            scales=self._scales.get(lab.loinc) if lab is not None else None,
            matches=matches,
            words=words(concept),
            loincs=tuple(
                coding.code.strip()
                for coding in concept.coding or ()
                if coding.code and self.is_in(LOINC, coding.system)
            ),
        )

    def interesting(self, text: str) -> bool:
        """Whether a name is of interest."""
        known = self._names.get(text)
        if known is None:
            known = self._named(without_property(text))
            if len(text) <= _LONGEST:
                if len(self._names) >= _REMEMBERED:
                    self._names.clear()
                self._names[text] = known
        return known

    def matches(self, *concepts: CodeableConcept | None) -> tuple[Match, ...]:
        """The concepts that any coding stands for, each pair of concept and code once."""
        found: dict[tuple[str, str, str], Match] = {}
        for concept in concepts:
            for coding in (concept.coding or ()) if concept is not None else ():
                system, code = (coding.system or "").strip(), (coding.code or "").strip()
                for match in self._terminology.match(system, code, coding.display or ""):
                    found.setdefault((match.concept, match.coding.system, match.coding.code), match)
        return tuple(found.values())

    def labs(self, concept: CodeableConcept | None) -> tuple[LabCode, ...]:
        """Every laboratory test that a coding names, in the order of the codings."""
        codings = (concept.coding or ()) if concept is not None else ()
        found = (
            self._terminology.laboratory((each.system or "").strip(), (each.code or "").strip()) for each in codings
        )
        return tuple(code for code in found if code is not None)

    def medicine(self, codings: tuple[Coding, ...], texts: tuple[str, ...], route: str) -> tuple[Match, ...]:
        """The classes of a medicine (ACC-7)."""
        key = codings, texts, route
        known = self._medicines.get(key)
        if known is None:
            known = self._recognise(codings, texts, route)
            if len(self._medicines) >= _REMEMBERED:
                self._medicines.clear()
            self._medicines[key] = known
        return known

    def is_in(self, system: str, written: str | None) -> bool:
        """Whether a system, as it was written, is the code system `system`."""
        return written is not None and self._terminology.canonical(written.strip()) == system


_NO_MEANING: Final = Meaning(None, False, None, None, (), (), ())


def without_property(name: str) -> str:
    """A name without LOINC's property axis: no soft-tissue mass is meant by "Hemoglobin [Mass/volume] in Blood"."""
    return _MASS.sub("", name) if "[" in name else name


def _better(one: LabCode, other: LabCode) -> LabCode:
    if one.lab != other.lab:
        return AMBIGUOUS
    return min(one, other, key=lambda code: code.rank)


def words(*concepts: CodeableConcept | None, more: Iterable[str | None] = ()) -> tuple[str, ...]:
    """The words of codes as written, without repeats: text, displays, then `more` (notes)."""
    found: dict[str, None] = {}
    for concept in concepts:
        if concept is not None:
            if concept.text:
                found[concept.text.strip()] = None
            if concept.coding:
                for coding in concept.coding:
                    if coding.display:
                        found[coding.display.strip()] = None
    for text in more:
        if text:
            found[text.strip()] = None
    found.pop("", None)
    return tuple(found)


def codings(concepts: Iterable[CodeableConcept]) -> tuple[Coding, ...]:
    """Every coding with a code, as it was written but for blanks around it."""
    return tuple(
        [
            Coding((coding.system or "").strip(), coding.code.strip(), coding.display or "")
            for concept in concepts
            for coding in concept.coding or ()
            if coding.code
        ]
    )


def codes_and_words(concept: CodeableConcept) -> Iterable[str | None]:
    """The text of `concept`, then its codes."""
    yield concept.text
    for coding in concept.coding or ():
        yield coding.code


def status(code: str | None) -> str:
    """A code of FHIR as it compares: stray blanks and case are forgiven."""
    return code.strip().lower() if code else ""


def _remembered(learn: Callable[[bytes], V]) -> Remembered[bytes, V]:
    return Remembered(learn, most=_REMEMBERED, keep=lambda text: len(text) <= _LONGEST_TEXT)


def _several(concepts: list[CodeableConcept] | CodeableConcept | None) -> list[CodeableConcept]:
    return concepts if isinstance(concepts, list) else [concepts] if concepts is not None else []


def _interpretation(concepts: list[CodeableConcept]) -> Interpretation:
    said = [text.strip().upper() for concept in concepts for text in codes_and_words(concept) if text is not None]
    return Interpretation(
        tuple(concepts),
        next((code for code in said if code in _INTERPRETATIONS), ""),
        "; ".join(concept.text for concept in concepts if concept.text),
    )


def _statuses(value: CodeableConcept | str | None) -> tuple[str, ...]:
    """Every code of a status; its text where it has no code."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (status(value),) if value.strip() else ()
    codes = tuple(status(coding.code) for coding in value.coding or () if coding.code)
    return codes or ((status(value.text).replace(" ", "-"),) if value.text else ())


def _categories(concepts: list[CodeableConcept]) -> frozenset[str]:
    return frozenset(status(coding.code) for concept in concepts for coding in concept.coding or ())
