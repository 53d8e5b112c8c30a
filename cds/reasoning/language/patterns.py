"""Phrases as a clinician writes them, compiled to regular expressions and to an index of their first letters.

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
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cds.reasoning.language.text import fold

__all__ = ["Index", "PhraseError", "compile_phrases"]

STEM = 5
"""Letters of a word that the index looks at."""

_SPACE = r"[\s()\[\]\"«»“”-]+"
_GAP = (
    r"(?:[\s()\[\]\"«»“”'-]+(?!(?:non|pas|jamais|sans|aucune?|not?|never|without)(?![a-z]))[a-z0-9]+){0,4}?"
    r"[\s()\[\]\"«»“”'-]+"
)
"""Up to four words, none of which denies what follows: "ulcère … cicatrisé" isn't "ulcère non cicatrisé"."""

_WORDS = re.compile(r"[a-z0-9]+")
_TOKEN = re.compile(r"\*?[^\W_]+\*?|\*|[ ]*…[ ]*|[ ]+|-|'|’|\(|\)\??|\||[./+%,>:]")


class PhraseError(ValueError):
    """A phrase that isn't written in the notation."""


class _Part(NamedTuple):
    """A parsed piece: its regular expression, and the stems of which one must stand in a text that it matches.

    `stems` is None where no such stem is known: the piece may be missing, or begins with `*`.
    """

    regex: str
    stems: frozenset[str] | None
    separates: bool = False
    """Where it stands, a new word begins behind it."""
    optional: bool = False
    glues: bool = False
    """An optional hyphen: the words on both sides may be one word."""
    letters: str = ""
    """Of a plain word, folded."""


def compile_phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    """One regular expression for folded text that finds any of `phrases`, the longest first."""
    parts = sorted({_parse(phrase).regex for phrase in phrases}, key=lambda regex: (-len(regex), regex))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(parts) or '(?!)'})(?![a-z0-9])")


class Index:
    """Which of many patterns could match a text: the words of a text are looked up, no pattern is run."""

    def __init__(self, phrases: Sequence[Iterable[str]]) -> None:
        by_stem: dict[str, list[int]] = {}
        inside: dict[str, list[int]] = {}
        for number, each in enumerate(phrases):
            for phrase in each:
                part = _parse(phrase)
                if part.stems is not None:
                    for stem in part.stems:
                        by_stem.setdefault(stem, []).append(number)
                elif phrase[0] == "*":
                    inside.setdefault(fold(phrase.strip("*").split()[0]), []).append(number)
                else:
                    raise PhraseError(f"'{phrase}' has no word that must stand in the text")
        self._by_stem = {stem: tuple(numbers) for stem, numbers in by_stem.items()}
        self._stems = frozenset(by_stem)
        self._inside = tuple((letters, tuple(numbers)) for letters, numbers in inside.items())

    def hit(self, folded: str) -> bool:
        """Whether any pattern could match."""
        if not self._stems.isdisjoint([word[:STEM] for word in _WORDS.findall(folded)]):
            return True
        return any(letters in folded for letters, _ in self._inside)

    def candidates(self, folded: str) -> list[int]:
        """Numbers of the patterns that could match, in order."""
        stems = self._stems.intersection([word[:STEM] for word in _WORDS.findall(folded)])
        found = {number for stem in stems for number in self._by_stem[stem]}
        for letters, numbers in self._inside:
            if letters in folded:
                found.update(numbers)
        return sorted(found)


def _parse(phrase: str) -> _Part:
    tokens = _TOKEN.findall(phrase)
    if "".join(tokens) != phrase:
        raise PhraseError(f"'{phrase}' holds a sign that the notation doesn't know")
    part, rest = _alternatives(tokens, 0, phrase)
    if rest != len(tokens):
        raise PhraseError(f"'{phrase}' has a bracket that isn't closed or opened")
    return part


def _alternatives(tokens: Sequence[str], at: int, phrase: str) -> tuple[_Part, int]:
    branches: list[_Part] = []
    while True:
        branch, at = _sequence(tokens, at, phrase)
        branches.append(branch)
        if at < len(tokens) and tokens[at] == "|":
            at += 1
            continue
        break
    if len(branches) == 1:
        return branches[0], at
    stems: frozenset[str] | None = frozenset()
    for branch in branches:
        stems = None if stems is None or branch.stems is None else stems | branch.stems
    ends = all(branch.separates for branch in branches)
    return _Part("|".join(branch.regex for branch in branches), stems, separates=ends), at


def _sequence(tokens: Sequence[str], at: int, phrase: str) -> tuple[_Part, int]:
    parts: list[_Part] = []
    while at < len(tokens) and tokens[at] not in ("|", ")", ")?"):
        sign = tokens[at]
        at += 1
        if sign == "(":
            inner, at = _alternatives(tokens, at, phrase)
            if at == len(tokens):
                raise PhraseError(f"'{phrase}' has a bracket that isn't closed")
            optional = tokens[at] == ")?"
            at += 1
            regex = f"(?:{inner.regex}){'?' if optional else ''}"
            parts.append(_Part(regex, None if optional else inner.stems, inner.separates, optional))
        else:
            parts.append(_piece(sign))
    return _Part("".join(part.regex for part in parts), _best(parts), bool(parts) and parts[-1].separates), at


def _piece(sign: str) -> _Part:
    if "…" in sign:
        return _Part(_GAP, None, separates=True)
    if sign[0] == " ":
        return _Part(_SPACE, None, separates=True)
    if sign == "-":
        return _Part(r"[\s-]?", None, glues=True)
    if sign in "'’":
        return _Part(r"'\s?", None, separates=True)
    if sign == "*":
        return _Part(r"[a-z0-9]*", None)
    if sign.strip("*").isalnum():
        return _word(sign)
    return _Part(rf"\s?{re.escape(sign)}\s?", None)


def _word(sign: str) -> _Part:
    bare = sign.strip("*")
    letters = fold(bare)
    begins, ends = sign[0] == "*", sign[-1] == "*"
    if begins or ends:
        regex = f"{'[a-z0-9]*' if begins else ''}{letters}{'[a-z0-9]*' if ends else ''}"
        return _Part(regex, None if begins else _open_stems(letters), letters=letters)
    plain = bare.isupper() or len(letters) < 3 or letters.isdigit()
    forms = {letters} if plain else _forms(letters)
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    regex = letters if len(forms) == 1 else f"(?:{'|'.join(longest_first)})"
    return _Part(regex, frozenset(form[:STEM] for form in forms), letters=letters)


def _forms(letters: str) -> set[str]:
    """Gender and number of a French or English word: a generous guess, no word of the other sense comes near."""
    if letters.endswith("eux"):
        return {letters, letters[:-1] + "se", letters[:-1] + "ses"}
    if letters.endswith("y"):
        return {letters, letters[:-1] + "ies"}
    if letters.endswith("sis"):
        return {letters, letters[:-2] + "es"}
    if letters[-1] in "sxz":
        return {letters, letters + "e", letters + "es"}
    return {letters, letters + "e", letters + "s", letters + "es", letters + "x"}


def _open_stems(letters: str) -> frozenset[str] | None:
    """Of a word with an open end; one with fewer letters than a stem is filled up, if there are few ways to do so."""
    missing = STEM - len(letters)
    if missing <= 0:
        return frozenset({letters[:STEM]})
    if missing > 2:
        return None
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    stems = {letters}
    grown = [letters]
    for _ in range(missing):
        grown = [stem + letter for stem in grown for letter in alphabet]
        stems.update(grown)
    return frozenset(stems)


def _best(parts: Sequence[_Part]) -> frozenset[str] | None:
    """The most telling stems of a sequence: of the word that is longest and has the fewest ways to be written."""
    best: frozenset[str] | None = None
    rank = (0, 0)
    boundary = True
    for number, part in enumerate(parts):
        if part.stems is not None and boundary:
            stems = part.stems
            if part.letters and number + 2 < len(parts) and parts[number + 1].glues:
                stems |= {(part.letters + parts[number + 2].letters)[:STEM]}
            here = (min(map(len, stems)), -len(stems))
            if best is None or here > rank:
                best, rank = stems, here
        boundary = part.separates and (boundary or not part.optional)
    return best
