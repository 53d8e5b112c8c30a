"""CEAP clinical classes in words (8.3, PIT-21).

Only where the text is named CEAP, or in a sentence that holds the word: complement C3, vertebrae C5-C6, hepatitis C
must never stage a leg.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cds.reasoning.language.negation import Heard, Listener
from cds.reasoning.language.patterns import compile_phrases

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import Phrases

__all__ = ["CeapReader"]

_CLASS = r"[0-6]\s?[abc]?(?:\s?[,/]?\s?[as](?![a-z0-9]))?(?:\s?,?\s?r(?![a-z0-9]))?"
_LISTED = re.compile(rf"(?<![a-z0-9])c\s?({_CLASS}(?:\s?[,/+;&]\s?(?:et |and )?c?\s?{_CLASS})*)(?![0-9])")
_BARE = re.compile(rf"^\W*(?:(?:classe?|stade|stage|grade|clinical)\W+)*({_CLASS})(?![0-9a-z.%])")
_ONE = re.compile(r"([0-6])\s?([abc]?)((?:\s?[,/]?\s?[as](?![a-z0-9]))?)((?:\s?,?\s?r(?![a-z0-9]))?)")


class CeapReader:
    """Finds CEAP classes; the names of the classification stand in rules/words.yaml."""

    def __init__(self, names: Phrases, listener: Listener) -> None:
        self._names = compile_phrases(names.all)
        self._listener = listener

    def read(self, text: str, named: bool) -> tuple[str, ...]:
        """The clinical classes of `text`, lowest first: "C2", "C4b", "C6r", and "C0A" or "C0S".

        named: the text is the value of something whose name is CEAP. "C2,3,4b" is three classes. The suffixes for
        symptoms are dropped but for class 0, where they decide (8.3); "r" (recurrent) is kept.
        """
        found: set[str] = set()
        for heard in self._listener.hear(text):
            place = self._names.search(heard.words)
            if place is not None:
                found |= _classes(heard, place.end())
            elif named:
                found |= _classes(heard, 0)
        return tuple(sorted(found))


def _classes(heard: Heard, after_name: int) -> set[str]:
    found: set[str] = set()
    for match in _LISTED.finditer(heard.words):
        if not heard.negated(*match.span()):
            found |= {_written(*one.groups()) for one in _ONE.finditer(match.group(1))}
    if not found and (bare := _BARE.match(heard.words[after_name:])) is not None:
        found = {_written(*one.groups()) for one in _ONE.finditer(bare.group(1))}
    return found


def _written(number: str, letter: str, symptoms: str, recurrent: str) -> str:
    if number == "0":
        letter = (letter or symptoms.strip(" ,/")).upper()
        return f"C0{letter if letter in ('A', 'S') else ''}"
    if number != "4":
        letter = ""  # "C2a" and "C3s" say with or without symptoms; only class 4 has letters of its own
    return f"C{number}{letter}{'r' if recurrent and number in '26' else ''}"
