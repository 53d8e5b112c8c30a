"""Does a sentence say a thing, deny it, doubt it, or say it of a relative? (ACC-3; PIT-1, PIT-2, PIT-20, PIT-22, PIT-27)

A `Heard` is one sentence that has been listened to once; any number of terms found in it can then be judged. The words
stand in rules/words.yaml, the reach of a denial too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from cds.reasoning.language.patterns import compile_phrases
from cds.reasoning.language.text import fold, sentences

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import WordsChapter

__all__ = ["Heard", "Listener"]

Span = tuple[int, int]

_TOKEN = re.compile(r"[a-z0-9]+")
_BARRIER = re.compile(r"[;:\n\r]")
_BULLET = re.compile(r"^\s*[-*•·]")


def spans(pattern: re.Pattern[str], text: str) -> list[Span]:
    """Where `pattern` stands in `text`."""
    return [found.span() for found in pattern.finditer(text)]


def blank(text: str, taken: list[Span]) -> str:
    """`text` with `taken` blanked out, so that nothing else moves."""
    for start, end in taken:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def overlaps(one: Span, others: list[Span]) -> bool:
    """Whether `one` shares a character with any of `others`."""
    start, end = one
    return any(start < stop and begin < end for begin, stop in others)


class Listener:
    """Compiled rules/words.yaml: listens to texts sentence by sentence."""

    def __init__(self, chapter: WordsChapter) -> None:
        negation, doubt, relatives = chapter.negation, chapter.doubt, chapter.relatives
        self.before_reach = negation.tokens_before
        self.after_reach = negation.tokens_after
        self.denies_before = compile_phrases(negation.before.all)
        self.denies_after = compile_phrases(negation.after.all)
        self.next_word = compile_phrases(negation.next_word_only.all)
        self.own_noun = compile_phrases(negation.own_noun_only.all)
        self.ends = compile_phrases(negation.ends.all)
        self.list_words = compile_phrases(negation.list_words.all)
        self.not_negations = compile_phrases(negation.not_negations.all)
        self.answer = re.compile(rf"\s*[:=(]\s*{compile_phrases(negation.answers.all).pattern}\s*(?:[.,;!)]|$)")
        self.doubts_before = compile_phrases(doubt.before.all + doubt.anywhere.all)
        self.doubts_after = compile_phrases(doubt.after.all + doubt.anywhere.all)
        self._relatives = compile_phrases(relatives.words.all)
        possessive = compile_phrases(relatives.possessives.all).pattern
        kin = compile_phrases(relatives.with_possessive.all).pattern
        patient = compile_phrases(relatives.of_the_patient.all).pattern
        self._kin = re.compile(rf"{possessive}\s+(?:[a-z]+\s+)?{kin}|{kin}\s+{patient}")
        self._not_relatives = compile_phrases(relatives.never.all)

    def about_a_relative(self, words: str) -> bool:
        """Whether the folded sentence speaks of a relative of the patient."""
        if self._relatives.search(words) is None and self._kin.search(words) is None:
            return False
        left = self._not_relatives.sub(" ", words)
        return self._relatives.search(left) is not None or self._kin.search(left) is not None

    def hear(self, text: str) -> Iterator[Heard]:
        """The sentences of `text` that speak of the patient; a list below a heading about relatives is theirs too."""
        below_relatives = False
        for written in sentences(text):
            words = fold(written)
            if below_relatives and _BULLET.match(words):
                continue
            relative = self.about_a_relative(words)
            below_relatives = relative and words.endswith(":")
            if not relative:
                yield Heard(written, words, self)


class Heard:
    """One sentence: as written, folded, and able to say whether what stands at a span of it is denied or in doubt."""

    __slots__ = ("_barriers", "_commas", "_masked", "_own_noun", "_rules", "_tokens", "words", "written")

    def __init__(self, written: str, words: str, rules: Listener) -> None:
        self.written = written
        self.words = words
        self._rules = rules
        self._masked: str | None = None

    def _listen(self) -> str:
        rules = self._rules
        self._own_noun = spans(rules.own_noun, self.words)
        masked = blank(blank(self.words, spans(rules.not_negations, self.words)), self._own_noun)
        self._tokens = [found.start() for found in _TOKEN.finditer(masked)]
        self._commas = [place for place, sign in enumerate(masked) if sign == ","]
        self._barriers = sorted(spans(_BARRIER, masked) + spans(rules.ends, masked))
        self._masked = masked
        return masked

    def negated(self, start: int, end: int) -> bool:
        """Whether the term at [start, end) of `words` is denied."""
        masked = self._masked if self._masked is not None else self._listen()
        if any(begin < start < stop for begin, stop in self._own_noun):
            return True
        return self._denied_before(masked, start) or self._denied_after(masked, end)

    def _denied_before(self, masked: str, start: int) -> bool:
        rules = self._rules
        words = spans(rules.next_word, masked[:start])
        if words and self._between(words[-1][1], start) == 0 and self._clear(words[-1][1], start):
            return True
        cues = [stop for _, stop in spans(rules.denies_before, masked[:start])]
        return bool(cues) and self._reaches(masked, cues[-1], start)

    def _reaches(self, masked: str, cue: int, start: int) -> bool:
        """Whether a denial that ends at `cue` reaches a term at `start`: directly, or item by item along a list."""
        if not self._open(cue, start):
            return False
        commas = [place for place in self._commas if cue <= place < start]
        joints = spans(self._rules.list_words, masked[cue : self._segment_end(start)])
        joints = [(cue + begin, cue + stop) for begin, stop in joints]
        if commas and not any(begin > commas[0] for begin, _ in joints):
            return False
        steps = sorted([*commas, *(begin for begin, _ in joints if begin < start)])
        places = [cue, *steps, start]
        return all(
            self._between(left, right) < self._rules.before_reach + 1 - (left == cue)
            for left, right in pairwise(places)
        )

    def _denied_after(self, masked: str, end: int) -> bool:
        rules = self._rules
        colon = masked.find(":", end)
        if rules.answer.match(masked, end):
            return True
        if colon > 0 and self._between(end, colon) <= rules.after_reach and rules.answer.match(masked, colon):
            return True
        found = rules.denies_after.search(masked, end)
        return found is not None and self._near_after(end, found.start())

    def hypothetical(self, start: int, end: int) -> bool:
        """Whether the term at [start, end) of `words` is only suspected, possible or asked about."""
        if self._masked is None:
            self._listen()
        words = self.words
        rules = self._rules
        before = [stop for _, stop in spans(rules.doubts_before, words[:start])]
        if before and self._near_before(before[-1], start):
            return True
        after = rules.doubts_after.search(words, end)
        if after is not None and self._near_after(end, after.start()):
            return True
        question = words.find("?", end)
        if question >= 0 and self._clear(end, question):
            return question == len(words) - 1 or self._between(end, question) < rules.after_reach
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
        return not any(left <= begin < right for begin, _ in self._barriers)

    def _clear(self, left: int, right: int) -> bool:
        return self._open(left, right) and not any(left <= place < right for place in self._commas)

    def _segment_end(self, start: int) -> int:
        return next((begin for begin, _ in self._barriers if begin >= start), len(self.words))
