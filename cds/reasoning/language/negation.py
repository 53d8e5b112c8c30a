"""Does a sentence say a thing, deny it, doubt it, or say it of a relative? (ACC-3; PIT-1, PIT-2, PIT-20, PIT-22, PIT-27)

A `Heard` is one sentence that has been listened to once; any number of terms found in it can then be judged. The words
stand in rules/words.yaml, the reach of a denial too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from cds.reasoning.language.patterns import Hit, Lexicon, compile_phrases, stems_in
from cds.reasoning.language.text import fold, sentences

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import Phrases, WordsChapter

__all__ = ["Heard", "Listener", "Span", "overlaps"]

Span = tuple[int, int]

_TOKEN = re.compile(r"[a-z0-9]+")
_COMMA = re.compile(",")
_BARRIER = re.compile(r"[;:\n\r]")
_Cue = Literal[
    "denies-before",
    "denies-after",
    "denies-next-word",
    "denies-own-noun",
    "ends",
    "list",
    "persists",
    "doubts-before",
    "doubts-after",
]
_CUES: tuple[_Cue, ...] = get_args(_Cue)
_MASKED: tuple[_Cue, ...] = ("denies-before", "denies-after", "denies-next-word", "ends", "list")
"""Not heard inside a phrase that only looks like a denial, or that denies its own noun."""
_BULLET = re.compile(r"^\s*[-*•·]")


def overlaps(start: int, end: int, others: Iterable[Span]) -> bool:
    """Whether [start, end) shares a character with any of `others`."""
    return any(start < stop and begin < end for begin, stop in others)


def _blank(text: str, taken: Iterable[Span]) -> str:
    """`text` with `taken` blanked out, so that nothing else moves."""
    for start, end in taken:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


class Listener:
    """Compiled rules/words.yaml: listens to texts sentence by sentence."""

    def __init__(self, chapter: WordsChapter) -> None:
        negation, doubt, relatives = chapter.negation, chapter.doubt, chapter.relatives
        self.before_reach = negation.tokens_before
        self.after_reach = negation.tokens_after
        self.cues: Lexicon[_Cue] = Lexicon(
            [
                ("denies-before", negation.before.all),
                ("denies-after", negation.after.all),
                ("denies-next-word", negation.next_word_only.all),
                ("denies-own-noun", negation.own_noun_only.all),
                ("ends", negation.ends.all),
                ("list", negation.list_words.all),
                ("persists", negation.not_negations.all),
                ("doubts-before", doubt.before.all),
                ("doubts-after", doubt.after.all),
            ]
        )
        self.answer = re.compile(rf"\s*[:=(]\s*{compile_phrases(negation.answers.all).pattern}\s*(?:[.,;!)]|$)")
        self._relatives = _lexicon(relatives.words)
        self._not_relatives = _lexicon(relatives.never)
        self._kin_words = _lexicon(relatives.with_possessive)
        possessive = compile_phrases(relatives.possessives.all).pattern
        kin = compile_phrases(relatives.with_possessive.all).pattern
        patient = compile_phrases(relatives.of_the_patient.all).pattern
        self._kin = re.compile(rf"{possessive}\s+(?:[a-z]+\s+)?{kin}|{kin}\s+{patient}")

    def about_a_relative(self, words: str, stems: set[str]) -> bool:
        """Whether the folded sentence speaks of a relative of the patient."""
        if self._kin_words.may_stand_in(words, stems) and self._kin.search(words) is not None:
            return True
        named = self._relatives.find(words, stems)
        if not named:
            return False
        sayings = [hit[:2] for hit in self._not_relatives.find(words, stems)]
        return any(not overlaps(hit.start, hit.end, sayings) for hit in named)

    def hear(self, text: str, wanted: Lexicon[Any] | None = None) -> Iterator[Heard]:
        """The sentences of `text` that speak of the patient, and in which a phrase of `wanted` may stand.

        A list below a heading about relatives is about relatives too.
        """
        below_relatives = False
        for written in sentences(text):
            words = fold(written)
            if below_relatives and _BULLET.match(words):
                continue
            heading = words[-1:] == ":"
            stems = stems_in(words)
            if not heading and wanted is not None and not wanted.may_stand_in(words, stems):
                below_relatives = False
                continue
            relative = self.about_a_relative(words, stems)
            below_relatives = relative and heading
            if not relative:
                yield Heard(written, words, stems, self)


class Heard:
    """One sentence: as written, folded, and able to say whether what stands at a span of it is denied or in doubt."""

    __slots__ = ("_barriers", "_commas", "_cues", "_masked", "_rules", "_tokens", "stems", "words", "written")

    def __init__(self, written: str, words: str, stems: set[str], rules: Listener) -> None:
        self.written = written
        self.words = words
        """`written`, folded: spans are places in it."""
        self.stems = stems
        self._rules = rules
        self._masked: str | None = None

    def _listen(self) -> str:
        cues: dict[_Cue, list[Hit[_Cue]]] = {cue: [] for cue in _CUES}
        for hit in self._rules.cues.find(self.words, self.stems):
            cues[hit.meaning].append(hit)
        taken: list[Span] = [hit[:2] for hit in (*cues["persists"], *cues["denies-own-noun"])]
        if taken:
            for cue in _MASKED:
                cues[cue] = [hit for hit in cues[cue] if not overlaps(hit.start, hit.end, taken)]
        masked = _blank(self.words, taken)
        self._cues = cues
        self._tokens = [found.start() for found in _TOKEN.finditer(masked)]
        self._commas = [found.start() for found in _COMMA.finditer(masked)]
        barriers = [found.start() for found in _BARRIER.finditer(masked)]
        self._barriers = sorted([*barriers, *(hit.start for hit in cues["ends"])])
        self._masked = masked
        return masked

    def negated(self, start: int, end: int) -> bool:
        """Whether the term at [start, end) of `words` is denied."""
        masked = self._masked if self._masked is not None else self._listen()
        return (
            any(hit.start < start < hit.end for hit in self._cues["denies-own-noun"])
            or self._denied_before(start)
            or self._denied_after(masked, end)
        )

    def _denied_before(self, start: int) -> bool:
        for hit in self._cues["denies-next-word"]:
            if hit.end <= start and self._between(hit.end, start) == 0 and self._clear(hit.end, start):
                return True
        cue = max((hit.end for hit in self._cues["denies-before"] if hit.end <= start), default=None)
        return cue is not None and self._reaches(cue, start)

    def _reaches(self, cue: int, start: int) -> bool:
        """Whether a denial that ends at `cue` reaches a term at `start`: directly, or item by item along a list."""
        if not self._open(cue, start):
            return False
        commas = [place for place in self._commas if cue <= place < start]
        segment = next((place for place in self._barriers if place >= start), len(self.words))
        joints = [hit.start for hit in self._cues["list"] if cue <= hit.start < segment]
        if commas and not any(place > commas[0] for place in joints):
            return False
        places = [cue, *sorted([*commas, *(place for place in joints if place < start)]), start]
        reach = self._rules.before_reach
        return all(self._between(left, right) < reach + (left != cue) for left, right in pairwise(places))

    def _denied_after(self, masked: str, end: int) -> bool:
        rules = self._rules
        if any(end <= hit.start and self._near_after(end, hit.start) for hit in self._cues["denies-after"]):
            return True
        if rules.answer.match(masked, end):
            return True
        colon = masked.find(":", end)
        return (
            colon > 0
            and self._between(end, colon) <= rules.after_reach
            and rules.answer.match(masked, colon) is not None
        )

    def hypothetical(self, start: int, end: int) -> bool:
        """Whether the term at [start, end) of `words` is only suspected, possible or asked about."""
        if self._masked is None:
            self._listen()
        return (
            any(hit.end <= start and self._near_before(hit.end, start) for hit in self._cues["doubts-before"])
            or any(end <= hit.start and self._near_after(end, hit.start) for hit in self._cues["doubts-after"])
            or self._questioned(start, end)
        )

    def _questioned(self, start: int, end: int) -> bool:
        """A question mark reaches back to the last comma when it ends the sentence, and forward like other doubts."""
        words = self.words
        question = words.find("?", end)
        if question >= 0 and self._clear(end, question):
            at_the_end = question == len(words) - 1
            return at_the_end or self._between(end, question) < self._rules.after_reach
        asked = words.rfind("?", 0, start)
        return asked >= 0 and self._near_before(asked + 1, start)

    def _near_before(self, cue: int, start: int) -> bool:
        return self._clear(cue, start) and self._between(cue, start) < self._rules.before_reach

    def _near_after(self, end: int, cue: int) -> bool:
        return self._clear(end, cue) and self._between(end, cue) < self._rules.after_reach

    def _between(self, left: int, right: int) -> int:
        """How many words begin in [left, right)."""
        return bisect_left(self._tokens, right) - bisect_left(self._tokens, left)

    def _open(self, left: int, right: int) -> bool:
        return not any(left <= place < right for place in self._barriers)

    def _clear(self, left: int, right: int) -> bool:
        return self._open(left, right) and not any(left <= place < right for place in self._commas)


def _lexicon(phrases: Phrases) -> Lexicon[None]:
    return Lexicon([(None, phrases.all)])
