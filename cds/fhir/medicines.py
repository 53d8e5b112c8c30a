"""Which classes a medicine belongs to: by ATC, else by RxNorm, else by its names (ACC-7, item 8).

Names are whole words; accents, case, hyphens and points don't matter. A name counts only under the conditions of
rules/medicines.yaml: "calcium" not beside "channel", "HCT" only beside a dose, "Normacol" only beside "enema".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from cds.fhir.terminology import ATC, RXNORM, Terminology
from cds.reasoning.chart import Coding, Match
from cds.reasoning.knowledge.medicines import MedicineClass, MedicinesChapter, NamedMedicine
from cds.reasoning.language.text import fold

__all__ = ["Medicines"]

_ATC_SUBGROUP: Final = 5
"""Characters of an ATC code from which it names a chemical subgroup, and so decides."""

_DOSE: Final = re.compile(r"\d (?:mg|g|ug|mcg|ui|iu)(?= )")
_SPLIT: Final = re.compile(r"(?<=\d)(?=mg|mcg|ug|g\b|ui|iu)|[^\w%+/]+|(?=[+/%])|(?<=[+/%])")
_REMEMBERED: Final = 4096
_SHORT: Final = 120
"""Longer texts than the name of a medicine are not remembered."""


class _Name(NamedTuple):
    """One name under its conditions."""

    concepts: tuple[str, ...]
    as_written: re.Pattern[str] | None
    needs_dose: bool
    not_with: re.Pattern[str] | None
    only_with: re.Pattern[str] | None

    def counts(self, written: str, words: str) -> bool:
        """Whether the name counts in a text: as `written`, and as `words` (route included)."""
        return (
            (self.as_written is None or self.as_written.search(written) is not None)
            and (not self.needs_dose or _DOSE.search(words) is not None)
            and (self.not_with is None or self.not_with.search(words) is None)
            and (self.only_with is None or self.only_with.search(words) is not None)
        )


class Medicines:
    """Recognises medicines. Immutable but for what it remembers of earlier texts."""

    def __init__(self, chapter: MedicinesChapter, terminology: Terminology) -> None:
        self._terminology = terminology
        self._names: dict[str, tuple[_Name, ...]] = {}
        self._class_not_with: dict[str, re.Pattern[str] | None] = {}
        self._code_words: dict[str, re.Pattern[str] | None] = {}
        for each in chapter.classes:
            self._class_not_with[each.id] = _any_of(chapter.words(*each.not_with))
            self._code_words[each.id] = _any_of(chapter.words(*each.code_words))
            for medicine in each.medicines:
                self._add(chapter, each, medicine)
        self._longest: dict[str, int] = {}
        for name in self._names:
            first, *rest = name.split()
            self._longest[first] = max(self._longest.get(first, 1), 1 + len(rest))
        self._remembered: dict[tuple[str, str], tuple[str, ...]] = {}

    def _add(self, chapter: MedicinesChapter, within: MedicineClass, medicine: NamedMedicine) -> None:
        concepts = (within.id, *medicine.also)
        not_with = _any_of(chapter.words(*medicine.not_with))
        only_with = _any_of(chapter.words(*within.only_with, *medicine.only_with))
        for written in medicine.all_names:
            exactly = re.compile(rf"\b{re.escape(written)}\b") if medicine.as_written else None
            name = _Name(concepts, exactly, medicine.needs_dose, not_with, only_with)
            key = _words(written).strip()
            self._names[key] = (*self._names.get(key, ()), name)

    def by_name(self, text: str, route: str = "") -> tuple[str, ...]:
        """The classes that the name of a medicine says it belongs to, sorted.

        `route` is read for the conditions only ("intraveineuse" makes calcium gluconate a parenteral calcium).
        """
        found = self._remembered.get((text, route))
        if found is None:
            found = self._look_for(text, route)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            if len(text) <= _SHORT:
                self._remembered[text, route] = found
        return found

    def _look_for(self, text: str, route: str) -> tuple[str, ...]:
        said = _words(text)
        heard = f"{said}{_words(route)}" if route else said
        found = {
            concept
            for key in self._runs(said.split())
            for name in self._names.get(key, ())
            if name.counts(text, heard)
            for concept in name.concepts
        }
        return tuple(sorted(concept for concept in found if self._stands(concept, heard)))

    def _runs(self, words: list[str]) -> Iterator[str]:
        """Every run of words that could be a name, judged by its first word."""
        for start, word in enumerate(words):
            for end in range(start + 1, min(start + self._longest.get(word, 0), len(words)) + 1):
                yield " ".join(words[start:end])

    def confirms(self, concept: str, text: str, route: str = "") -> bool:
        """Whether the words beside a shared code (`Match.needs_text`) say that it is a medicine of `concept`."""
        words = self._code_words.get(concept)
        if words is not None and words.search(_words(text)):
            return True
        return concept in self.by_name(text, route)

    def recognise(self, codings: Iterable[Coding], texts: Iterable[str], route: str = "") -> tuple[Match, ...]:
        """The classes of a medicine, sorted: by ATC, else by RxNorm, else by the names in `texts`.

        An ATC code of at least a chemical subgroup decides even when it belongs to no class; an RxNorm code that is not
        listed says nothing. A shared ATC code counts only where `texts` confirm it. A match by name has a coding
        without system and code, whose display is the text.
        """
        texts = tuple(texts)
        matches: Mapping[str, dict[str, Match]] = {ATC: {}, RXNORM: {}}
        decided = False
        for system, code, display in codings:
            canonical = self._terminology.canonical(system)
            if canonical not in matches:
                continue
            decided = decided or (canonical == ATC and len(code.strip()) >= _ATC_SUBGROUP)
            for match in self._terminology.match(system, code, display):
                if not match.needs_text or any(self.confirms(match.concept, text, route) for text in texts):
                    matches[canonical].setdefault(match.concept, match._replace(needs_text=False))
        coded = matches[ATC] if decided else (matches[ATC] or matches[RXNORM])
        if decided or coded:
            return tuple(coded[concept] for concept in sorted(coded))
        named: dict[str, Match] = {}
        for text in texts:
            for concept in self.by_name(text, route):
                named.setdefault(concept, Match(concept, Coding("", "", text), "B"))
        return tuple(named[concept] for concept in sorted(named))

    def _stands(self, concept: str, heard: str) -> bool:
        forbidden = self._class_not_with[concept]
        return forbidden is None or forbidden.search(heard) is None


def _words(text: str) -> str:
    """`text` folded, as words between single spaces, one space around: " calcium + d3 500 mg "."""
    return f" {' '.join(part for part in _SPLIT.split(fold(text)) if part and not part.isspace())} "


def _any_of(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """A pattern for any of `words` in what `_words` gives; `*` stands for letters."""
    if not words:
        return None
    parts = (re.escape(_words(word.replace("*", "STAR")).strip()).replace("star", r"\w*") for word in words)
    return re.compile(rf"(?<= )(?:{'|'.join(parts)})(?= )")
