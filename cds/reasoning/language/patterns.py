"""Phrases as a clinician writes them, compiled so that a text is looked up in them instead of searched with them.

The notation of the chapters, used wherever rules/ lists words:

- A phrase is written naturally, accents and capitals included; case, accents, British or American spelling, gender
  and number don't matter ("ulcère veineux" also finds "Ulceres veineux", "oedema" also "edema").
- `*` stands for any ending ("calcif*"), or any beginning when it comes first.
- `-` may be a hyphen, a space or nothing ("sous-cutané", "peri-articular").
- `(a|b)` are alternatives, `( a)?` may be missing, `…` stands for up to four other words, none of them a denial.
- A word in capitals (an abbreviation: "IRCT") takes no plural ending.
- Phrases match whole words only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from cds.reasoning.language.text import fold

__all__ = ["Hit", "Lexicon", "PhraseError", "compile_phrases", "stems_in"]

M = TypeVar("M")

_END = r"(?:(?<=')|(?![a-z0-9]))"
"""Where a phrase may end: at the end of a word, or at an apostrophe, behind which the next word begins ("suspicion d'")."""

_LONG = 8
_SHORT = 5
"""Letters of a word that an index looks at: of a word that is written out, and of one with an open end."""

_COMMON = frozenset(
    [
        *("disorder", "disease", "syndrome", "finding", "procedur", "situatio", "chronic", "chroniqu", "maladie"),
        *("acute", "severe", "type", "with", "patient", "pressure", "therapy", "coronary", "artery"),
        *("hyperten", "changes", "change", "mass", "history", "10"),
    ]
)
"""Stems of words that stand in every second diagnosis: telling only if a phrase has no other."""

_SPACE = r"[\s()\[\]\"«»“”-]+"
_GAP = (
    r"(?:[\s()\[\]\"«»“”'-]+(?!(?:non|pas|jamais|sans|aucune?|not?|never|without)(?![a-z]))[a-z0-9]+){0,4}?"
    r"[\s()\[\]\"«»“”'-]+"
)
"""Up to four words, none of which denies what follows: "ulcère … cicatrisé" isn't "ulcère non cicatrisé"."""

_WORDS = re.compile(r"[a-z0-9]+")
_SIGN = re.compile(r"\*?[^\W_]+\*?|\*|[ ]*…[ ]*|[ ]+|-|'|’|\(|\)\??|\||[./+%,>:]")


class PhraseError(ValueError):
    """A phrase that isn't written in the notation."""


class Hit(NamedTuple, Generic[M]):
    """A phrase of a lexicon at [start, end) of a folded text, and what it means."""

    start: int
    end: int
    meaning: M


class Lexicon(Generic[M]):
    """Phrases and what they mean.

    A phrase is tried on a text only if a telling word of it stands there, so that a large lexicon costs next to nothing
    on the many texts that say none of it.
    """

    def __init__(self, entries: Iterable[tuple[M, Iterable[str]]]) -> None:
        parsed = {(phrase, meaning): _parse(phrase) for meaning, each in entries for phrase in each}
        shared = Counter(stem for part in parsed.values() for option in part.options for stem in option)
        by_stem: dict[str, list[int]] = {}
        inside: dict[str, list[int]] = {}
        phrases: dict[tuple[str, M], int] = {}
        for (phrase, meaning), part in parsed.items():
            number = phrases.setdefault((part.regex, meaning), len(phrases))
            if part.options:
                for stem in min(part.options, key=lambda option: _commonness(option, shared)):
                    by_stem.setdefault(stem, []).append(number)
            elif phrase[0] == "*" and phrase.strip("*"):
                inside.setdefault(fold(phrase.strip("*").split()[0]), []).append(number)
            else:
                raise PhraseError(f"'{phrase}' has no word that must stand in the text")
        self._phrases = tuple(phrases)
        self._patterns: list[re.Pattern[str] | None] = [None] * len(phrases)
        self._by_stem = {stem: tuple(numbers) for stem, numbers in by_stem.items()}
        self._stems = frozenset(by_stem)
        self._inside = tuple((letters, tuple(numbers)) for letters, numbers in inside.items())

    def may_stand_in(self, text: str, stems: set[str]) -> bool:
        """Whether any phrase could stand in a folded text with these `stems_in` it; wrong on the generous side only."""
        return not self._stems.isdisjoint(stems) or any(letters in text for letters, _ in self._inside)

    def find(self, text: str, stems: set[str]) -> list[Hit[M]]:
        """Every phrase that stands in the folded `text` (or in a part of a text that has these stems), in order."""
        numbers = {number for stem in self._stems & stems for number in self._by_stem[stem]}
        for letters, more in self._inside:
            if letters in text:
                numbers.update(more)
        if not numbers:
            return []
        hits: list[Hit[M]] = []
        for number in numbers:
            pattern, meaning = self._patterns[number] or self._compiled(number), self._phrases[number][1]
            found = pattern.search(text)
            while found is not None:
                start, end = found.span()
                whole = start == 0 or not text[start - 1].isalnum()
                if whole:
                    hits.append(Hit(start, end, meaning))
                found = pattern.search(text, end if whole and end > start else start + 1)
        if len(hits) > 1:
            hits.sort(key=lambda hit: hit[:2])
        return hits

    def _compiled(self, number: int) -> re.Pattern[str]:
        """Compiled when first needed. It begins with the phrase itself, so that `re` can leap to its first letters."""
        pattern = re.compile(f"(?:{self._phrases[number][0]}){_END}")
        self._patterns[number] = pattern
        return pattern


def stems_in(folded: str) -> set[str]:
    """What the lexicons look up: the beginnings of the words of a folded text."""
    words = set(_WORDS.findall(folded))
    return {word[:_LONG] for word in words}.union([word[:_SHORT] for word in words])


def compile_phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    """One regular expression for folded text that finds any of `phrases`, the longest first."""
    parts = sorted({_parse(phrase).regex for phrase in phrases}, key=lambda regex: (-len(regex), regex))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(parts) or '(?!)'}){_END}")


class _Part(NamedTuple):
    """A parsed piece: its regular expression, and what must stand in a text that it matches."""

    regex: str
    options: tuple[frozenset[str], ...] = ()
    """Sets of stems: of each set, one stem must stand in the text. None where the piece may be missing or is open."""
    separates: bool = False
    """Where it stands, a new word begins behind it."""
    optional: bool = False
    glues: bool = False
    """An optional hyphen: the words on both sides may be one word."""
    letters: str = ""
    """Of a plain word, folded."""


def _parse(phrase: str) -> _Part:
    signs = _SIGN.findall(phrase)
    if "".join(signs) != phrase:
        raise PhraseError(f"'{phrase}' holds a sign that the notation doesn't know")
    part, rest = _alternatives(signs, 0, phrase)
    if rest != len(signs):
        raise PhraseError(f"'{phrase}' has a bracket that isn't closed or opened")
    return part


def _alternatives(signs: Sequence[str], at: int, phrase: str) -> tuple[_Part, int]:
    branches: list[_Part] = []
    while True:
        branch, at = _sequence(signs, at, phrase)
        branches.append(branch)
        if at < len(signs) and signs[at] == "|":
            at += 1
            continue
        break
    if len(branches) == 1:
        return branches[0], at
    any_of = all(branch.options for branch in branches)
    options = (frozenset().union(*(_telling(branch.options) for branch in branches)),) if any_of else ()
    ends = all(branch.separates for branch in branches)
    return _Part("|".join(branch.regex for branch in branches), options, separates=ends), at


def _sequence(signs: Sequence[str], at: int, phrase: str) -> tuple[_Part, int]:
    parts: list[_Part] = []
    while at < len(signs) and signs[at] not in ("|", ")", ")?"):
        sign = signs[at]
        at += 1
        if sign == "(":
            inner, at = _alternatives(signs, at, phrase)
            if at == len(signs):
                raise PhraseError(f"'{phrase}' has a bracket that isn't closed")
            optional = signs[at] == ")?"
            at += 1
            regex = f"(?:{inner.regex}){'?' if optional else ''}"
            parts.append(_Part(regex, () if optional else inner.options, inner.separates, optional))
        else:
            parts.append(_piece(sign))
    regex = "".join(part.regex for part in parts)
    return _Part(regex, tuple(_options(parts)), bool(parts) and parts[-1].separates), at


def _piece(sign: str) -> _Part:
    if "…" in sign:
        return _Part(_GAP, separates=True)
    if sign[0] == " ":
        return _Part(_SPACE, separates=True)
    if sign == "-":
        return _Part(r"[\s-]*", glues=True)
    if sign in "'’":
        return _Part(r"'\s?", separates=True)
    if sign == "*":
        return _Part(r"[a-z0-9]*")
    if sign.strip("*").isalnum():
        return _word(sign)
    return _Part(rf"\s?{re.escape(sign)}\s?")


def _word(sign: str) -> _Part:
    bare = sign.strip("*")
    letters = fold(bare)
    begins, ends = sign[0] == "*", sign[-1] == "*"
    if begins or ends:
        regex = f"{'[a-z0-9]*' if begins else ''}{letters}{'[a-z0-9]*' if ends else ''}"
        return _Part(regex, () if begins else _open_stems(letters), letters=letters)
    plain = bare.isupper() or len(letters) < 3 or letters.isdigit()
    forms = {letters} if plain else _forms(letters)
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    regex = letters if len(forms) == 1 else f"(?:{'|'.join(longest_first)})"
    return _Part(regex, (frozenset(form[:_LONG] for form in forms),), letters=letters)


def _forms(letters: str) -> set[str]:
    """Gender and number of a French or English word: a generous guess, no word of another sense comes near."""
    if letters.endswith("eux"):
        return {letters, letters[:-1] + "se", letters[:-1] + "ses"}
    if letters.endswith("y"):
        return {letters, letters[:-1] + "ies"}
    if letters.endswith("sis"):
        return {letters, letters[:-2] + "es"}
    if letters[-1] in "sxz":
        return {letters, letters + "e", letters + "es"}
    return {letters, letters + "e", letters + "s", letters + "es", letters + "x"}


def _open_stems(letters: str) -> tuple[frozenset[str], ...]:
    """Of a word with an open end; one with fewer letters than a stem is filled up, if there are few ways to do so."""
    if len(letters) >= _SHORT:
        return (frozenset({letters[: _LONG if len(letters) >= _LONG else _SHORT]}),)
    missing = _SHORT - len(letters)
    if missing > 2:
        return ()
    stems = {letters}
    grown = [letters]
    for _ in range(missing):
        grown = [stem + letter for stem in grown for letter in "abcdefghijklmnopqrstuvwxyz"]
        stems.update(grown)
    return (frozenset(stems),)


def _options(parts: Sequence[_Part]) -> Iterator[frozenset[str]]:
    """What must stand in a text that a sequence matches: the stems of any word that is sure to begin as a word."""
    boundary = True
    for number, part in enumerate(parts):
        if boundary and part.options:
            if part.letters and number + 2 < len(parts) and parts[number + 1].glues:
                following = parts[number + 2]
                endings = following.options[0] if following.options else {following.letters}
                yield part.options[0] | {(part.letters + ending)[:_LONG] for ending in endings}
            else:
                yield from part.options
        boundary = part.separates and (boundary or not part.optional)


def _commonness(stems: frozenset[str], shared: Counter[str]) -> tuple[bool, int, int]:
    """How many texts and phrases are likely to hold one of `stems`: short words stand everywhere."""
    return min(map(len, stems)) < 4 or not _COMMON.isdisjoint(stems), max(map(shared.__getitem__, stems)), len(stems)


def _telling(options: Sequence[frozenset[str]]) -> frozenset[str]:
    """The most telling of several options: the longest stems, and the fewest of them."""
    return max(options, key=lambda stems: (min(map(len, stems)), -len(stems)))
