"""Which concepts and patterns a text says (ACC-3, section 11).

What a word means stands in rules/terms/; a term id is a concept of the catalogue, or a pattern such as
"skin-necrosis-words" that a rule asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cds.reasoning.language.negation import Heard, Listener, overlaps, spans
from cds.reasoning.language.patterns import Index, compile_phrases
from cds.reasoning.language.sites import Site, Sites

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import Term, TermsChapter

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


class _Compiled(NamedTuple):
    id: str
    pattern: re.Pattern[str]
    alone: re.Pattern[str] | None
    never: re.Pattern[str] | None
    larger_than_cm: float | None


class Terms:
    """Compiled rules/terms/."""

    def __init__(self, chapter: TermsChapter, listener: Listener, sites: Sites) -> None:
        self._listener = listener
        self._sites = sites
        self._terms = tuple(_compiled(term) for term in chapter.terms)
        self.groups: Mapping[str, str] = {term.id: term.group for term in chapter.terms}
        self._index = Index([term.phrases for term in chapter.terms])

    def could_say(self, folded: str) -> bool:
        """Whether a folded text could say any term; cheap, and wrong only on the generous side."""
        return self._index.hit(folded)

    def concepts(self, text: str) -> tuple[Said, ...]:
        """Every term that `text` says, sentence by sentence, once per sentence."""
        said: list[Said] = []
        for heard in self._listener.hear(text):
            said += self.in_sentence(heard)
        return tuple(said)

    def in_sentence(self, heard: Heard) -> Iterable[Said]:
        """Every term that one sentence says."""
        site: Site | None = None
        for number in self._index.candidates(heard.words):
            term = self._terms[number]
            certain = _mentioned(term, heard)
            if certain is None:
                continue
            if site is None:
                site = self._sites.site_in(heard.words)
            yield Said(term.id, heard.written, not certain, site)


def _mentioned(term: _Compiled, heard: Heard) -> bool | None:
    """None when the sentence doesn't say the term; else whether it says it without doubt."""
    found = spans(term.pattern, heard.words)
    if not found and term.alone is not None and term.alone.fullmatch(heard.words.strip(" .")):
        return True
    if found and term.never is not None:
        taken = spans(term.never, heard.words)
        found = [span for span in found if not overlaps(span, taken)]
    if found and term.larger_than_cm is not None and largest_size_cm(heard.words) <= term.larger_than_cm:
        return None
    found = [span for span in found if not heard.negated(*span)]
    if not found:
        return None
    return not all(heard.hypothetical(*span) for span in found)


def largest_size_cm(folded: str) -> float:
    """The largest length that a folded text names in cm or mm ("7 x 42 mm" is 4.2), 0 when there is none."""
    largest = 0.0
    for found in _SIZE.finditer(folded):
        factor = 0.1 if found.group(2).startswith("mi") or found.group(2) == "mm" else 1.0
        numbers = [float(number.replace(",", ".")) for number in _NUMBER.findall(found.group(1))]
        largest = max(largest, *(number * factor for number in numbers))
    return largest


def _compiled(term: Term) -> _Compiled:
    return _Compiled(
        term.id,
        compile_phrases(term.fr + term.en),
        compile_phrases(term.alone) if term.alone else None,
        compile_phrases(term.never) if term.never else None,
        term.larger_than_cm,
    )
