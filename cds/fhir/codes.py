"""What the codes and words of a resource stand for, remembered from one request to the next.

A chart of hundreds of Observations holds few distinct codes, and most of them mean nothing here. Whether a code means
something is remembered by code, whether a name is of interest by its words; neither is about a patient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, Literal

from cds.fhir.medicines import Medicines
from cds.fhir.resources import CodeableConcept
from cds.fhir.terminology import LabCode, Terminology
from cds.reasoning.chart import Coding, Match

__all__ = ["AMBIGUOUS", "Codes", "Meaning", "without_property", "words"]

Meaning = LabCode | Literal[True] | None
"""A laboratory test, something else that is of interest, or nothing."""

AMBIGUOUS: Final = LabCode("", "", "", 0)
"""The codings of one concept name different laboratory tests: it cannot be said which one was measured."""

_MASS: Final = re.compile(r"\s*\[[^\]]*\bmass\b[^\]]*\]", re.IGNORECASE)
_REMEMBERED: Final = 8192
_LONGEST: Final = 200
"""Names longer than this are sentences: judged, not remembered."""


class Codes:
    """Terminology, medicines and words of interest, with what they said before."""

    def __init__(self, terminology: Terminology, medicines: Medicines, named: Callable[[str], bool]) -> None:
        """`named`: whether a name says something that a rule knows."""
        self._terminology = terminology
        self._recognise = medicines.recognise
        self._named = named
        self._meanings: dict[str | None, dict[str | None, Meaning]] = {}
        self._size = 0
        self._names: dict[str, bool] = {}
        self._medicines: dict[tuple[tuple[Coding, ...], tuple[str, ...], str], tuple[Match, ...]] = {}

    def meaning(self, concept: CodeableConcept | None) -> Meaning:
        """What `concept` is: any of its codings decides (the wanted one may be the last), then its words."""
        if concept is None:
            return None
        found: Meaning = None
        codings = concept.coding
        if codings:
            meanings = self._meanings
            for coding in codings:
                try:
                    meaning = meanings[coding.system][coding.code]
                except KeyError:
                    meaning = self._learn(coding.system, coding.code)
                if meaning is not None:
                    found = meaning if found is None else _better(found, meaning)
            if found is not None:
                return found
        names = self._names
        text = concept.text
        if text is not None:
            try:
                known = names[text]
            except KeyError:
                known = self.interesting(text)
            if known:
                return True
        if codings:
            for coding in codings:
                text = coding.display
                if text is not None:
                    try:
                        known = names[text]
                    except KeyError:
                        known = self.interesting(text)
                    if known:
                        return True
        return None

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
        known = [
            coding
            for concept in concepts
            if concept is not None and concept.coding
            for coding in concept.coding
            if self._meaning_of(coding.system, coding.code) is not None
        ]
        if not known:
            return ()
        found: dict[tuple[str, str, str], Match] = {}
        for coding in known:
            system, code = (coding.system or "").strip(), (coding.code or "").strip()
            for match in self._terminology.match(system, code, coding.display or ""):
                found.setdefault((match.concept, match.coding.system, match.coding.code), match)
        return tuple(found.values())

    def labs(self, concept: CodeableConcept | None) -> tuple[LabCode, ...]:
        """Every laboratory test that a coding names, in the order of the codings."""
        if concept is None:
            return ()
        meanings = (self._meaning_of(coding.system, coding.code) for coding in concept.coding or ())
        return tuple(meaning for meaning in meanings if isinstance(meaning, LabCode))

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

    def _meaning_of(self, system: str | None, code: str | None) -> Meaning:
        try:
            return self._meanings[system][code]
        except KeyError:
            return self._learn(system, code)

    def _learn(self, system: str | None, code: str | None) -> Meaning:
        if not system or not code:
            return None
        written = system.strip(), code.strip()
        meaning: Meaning = self._terminology.laboratory(*written)
        if meaning is None and self._terminology.match(*written):
            meaning = True
        if self._size >= _REMEMBERED:
            self._meanings.clear()
            self._size = 0
        self._size += 1
        self._meanings.setdefault(system, {})[code] = meaning
        return meaning


def without_property(name: str) -> str:
    """A name without LOINC's property axis: no soft-tissue mass is meant by "Hemoglobin [Mass/volume] in Blood"."""
    return _MASS.sub("", name) if "[" in name else name


def _better(one: Meaning, other: Meaning) -> Meaning:
    if not isinstance(one, LabCode):
        return other
    if not isinstance(other, LabCode):
        return one
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
