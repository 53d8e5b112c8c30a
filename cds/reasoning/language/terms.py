"""Which concepts and patterns a text says (ACC-3, section 11).

What a word means stands in rules/terms/; a term id is a concept of the catalogue, or a pattern such as
"skin-necrosis-words" that a rule asks for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cds.reasoning.language.negation import Heard, Listener, Span, overlaps
from cds.reasoning.language.patterns import Lexicon, compile_phrases, stems_in
from cds.reasoning.language.sites import Site, Sites

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import TermsChapter

__all__ = ["Said", "Terms", "largest_size_cm"]

_SIZE = re.compile(
    r"((?:\d+(?:[.,]\d+)?\s?(?:mm|cm)?\s?(?:x|×|\*|par|by|sur)\s?)*\d+(?:[.,]\d+)?)\s?(mm|cm|millimet\w*|centimet\w*)\b"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


class Said(NamedTuple):
    """One sentence says one term, neither denied nor of a relative."""

    term: str
    """concept_id, or id of a pattern."""
    sentence: str
    """As written."""
    hypothetical: bool
    """Only suspected, possible, asked about: weight weak."""
    site: Site
    """Regions and sides that the sentence names."""


class Terms:
    """Compiled rules/terms/."""

    def __init__(self, chapter: TermsChapter, listener: Listener, sites: Sites) -> None:
        self._listener = listener
        self._sites = sites
        self.words = Lexicon([(term.id, term.phrases) for term in chapter.terms])
        self._never = Lexicon([(term.id, term.never) for term in chapter.terms])
        self._place = {term.id: place for place, term in enumerate(chapter.terms)}
        self._alone = {term.id: compile_phrases(term.alone) for term in chapter.terms if term.alone}
        self._larger_than = {term.id: term.larger_than_cm for term in chapter.terms if term.larger_than_cm is not None}

    def could_say(self, folded: str) -> bool:
        """Whether a folded text could say any term; cheap, and wrong only on the generous side."""
        return self.words.may_stand_in(folded, stems_in(folded))

    def concepts(self, text: str) -> tuple[Said, ...]:
        """Every term that `text` says, sentence by sentence, once per sentence."""
        said: list[Said] = []
        for heard in self._listener.hear(text, self.words):
            said += self.in_sentence(heard)
        return tuple(said)

    def in_sentence(self, heard: Heard) -> list[Said]:
        """Every term that one sentence says, in the order of the chapters."""
        mentions = self._mentions(heard)
        if not mentions:
            return []
        site = self._sites.site_in(heard.words, heard.stems)
        said = []
        for term in sorted(mentions, key=self._place.__getitem__):
            in_doubt = all(heard.hypothetical(start, end) for start, end in mentions[term])
            said.append(Said(term, heard.written, in_doubt, site))
        return said

    def _mentions(self, heard: Heard) -> dict[str, list[Span]]:
        """Where the sentence says each term without denying it."""
        words, stems = heard.words, heard.stems
        hits = self.words.find(words, stems)
        if not hits:
            return {}
        taken: dict[str, list[Span]] = {}
        for never in self._never.find(words, stems):
            taken.setdefault(never.meaning, []).append(never[:2])
        mentions: dict[str, list[Span]] = {}
        for start, end, term in hits:
            if overlaps(start, end, taken.get(term, ())) or not self._admitted(term, start, end, words):
                continue
            if not heard.negated(start, end):
                mentions.setdefault(term, []).append((start, end))
        return mentions

    def _admitted(self, term: str, start: int, end: int, words: str) -> bool:
        """Whether a term's own conditions hold: a size in the sentence, an abbreviation that stands alone."""
        larger_than = self._larger_than.get(term)
        if larger_than is not None and largest_size_cm(words) <= larger_than:
            return False
        alone = self._alone.get(term)
        return alone is None or alone.fullmatch(words[start:end]) is None or words.strip(" .") == words[start:end]


def largest_size_cm(folded: str) -> float:
    """The largest length that a folded text names in cm or mm ("7 x 42 mm" is 4.2), 0 when there is none."""
    largest = 0.0
    for found in _SIZE.finditer(folded):
        factor = 0.1 if found.group(2).startswith("mi") or found.group(2) == "mm" else 1.0
        numbers = [float(number.replace(",", ".")) for number in _NUMBER.findall(found.group(1))]
        largest = max(largest, *(number * factor for number in numbers))
    return largest
