"""Text made comparable, and cut into sentences.

Reports write *œdème*, *oedème*, *edema*, *Oedeme*; *haemodialysis* and *hemodialysis*; *minéralisé* and *mineralized*.
Folding lets all of them meet: patterns and texts go through the same `fold`, so only the same folding of both matters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["fold", "sentences"]

_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_SPELLINGS = (("ae", "e"), ("oe", "e"), ("iz", "is"), ("yz", "ys"), ("our", "or"))
_SIGNS = {
    **dict.fromkeys("’‘´ʼ", "'"),
    **dict.fromkeys("–—‑−", "-"),
    **dict.fromkeys("\u00ad\u200b\ufeff", ""),
    "œ": "oe",
    "æ": "ae",
    "≥": ">=",
    "≤": "<=",
    "×": "x",
}


@lru_cache(maxsize=1024)
def _plain(sign: str) -> str:
    """One character beyond ASCII without its accent; unchanged where it has no plain form."""
    if sign in _SIGNS:
        return _SIGNS[sign]
    return "".join(each for each in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(each))


def fold(text: str) -> str:
    """`text` in lower case, without accents and ligatures, in one spelling for British, American and French words."""
    text = text.lower()
    if not text.isascii():
        text = _BEYOND_ASCII.sub(lambda found: _plain(found.group()), text)
    for written, plain in _SPELLINGS:
        text = text.replace(written, plain)
    return text


# A title never ends a sentence; a unit, an initial or a shortened adjective does unless it goes on in lower case.
# fmt: off
_TITLES = frozenset((
    "dr", "pr", "prof", "mr", "mrs", "ms", "mme", "mlle", "st", "ste", "vs", "cf", "env", "approx", "ca", "fig",
    "resp", "no", "nb", "tel", "ref", "i.e", "e.g", "p.ex", "ex", "al",
))
_SHORTENED = frozenset((
    "cm", "mm", "mg", "kg", "ml", "dl", "art", "lt", "rt", "ant", "post", "inf", "sup", "lat", "med", "bilat", "dte",
    "gche", "dt", "incl", "max", "min", "moy", "diam", "lig", "musc",
))
# fmt: on
_BREAK = re.compile(r"[.!?…]+(?=\s|$)|\r\n?|\n")
_BULLET = re.compile(r"\s*(?:[-*•·]|\d+[.)])\s")
_LONGEST = 8
"""Characters; no shortened word is as long."""
_WRAP = 45
"""A line of at least so many characters, followed by a line in lower case, was wrapped by a machine, not ended."""


def sentences(text: str) -> Iterator[str]:
    """The sentences of `text` as written, without surrounding white space.

    A sentence ends at `.`, `!`, `?` before white space and at a line break; not at a decimal point, after a title
    ("Dr."), after a unit, initial or shortened word that the sentence continues in lower case ("7 cm. de diamètre",
    "W. bancrofti"), nor where a long line was merely wrapped.
    """
    start = line = 0
    for found in _BREAK.finditer(text):
        mark, end = found.group(), found.end()
        if mark[0] in "\r\n":
            wrapped = _wrapped(text, line, found.start(), end)
            line = end
            if wrapped:
                continue
        elif mark == "." and _abbreviated(text, found.start(), end):
            continue
        elif not text[start : found.start()].strip():
            continue  # "? calcinosis": the mark belongs to what follows
        sentence = text[start:end].strip()
        if sentence:
            yield sentence
        start = end
    rest = text[start:].strip()
    if rest:
        yield rest


def _wrapped(text: str, line: int, stop: int, end: int) -> bool:
    if stop - line < _WRAP or _BULLET.match(text, end):
        return False
    following = text[end : end + 40].lstrip(" \t")
    return following[:1].islower()


def _abbreviated(text: str, stop: int, end: int) -> bool:
    before = text[max(0, stop - _LONGEST) : stop].split()
    if not before or len(before[-1]) == _LONGEST:
        return False
    word = fold(before[-1].lstrip("(["))
    if word in _TITLES:
        return True
    return (word in _SHORTENED or len(word) == 1) and text[end : end + 40].lstrip()[:1].islower()
