"""GitHub-flavoured Markdown that shows foreign words as words (clause C2).

Whatever came out of a record is data: it may hold a table pipe, a link, an image, a tag. The reference client renders
raw HTML, so nothing of a record may reach `detail` unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["bullets", "escape", "plain"]

LONGEST = 400
"""Characters of one foreign text; a longer one is cut with an ellipsis."""

_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
)
"""Control, zero-width and direction-changing characters, and halves of surrogate pairs (they cannot be encoded)."""

_BLANK = re.compile(r"\s+")
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_UNTIDY = rf"[{_INVISIBLE}\t-\r\x85\u2028\u2029]|\s\s|^\s|\s$"
_MARKUP = r"[\\`*_\[\]~|<>&@]|://|[wW]{3}\."
_OPENING = r"^(?:#|[-+=](?=[\s\-+=]|$)|\d{1,9}(?=[.)](?:\s|$)))"

_untidy = re.compile(_UNTIDY).search
_markup = re.compile(_MARKUP)
_LETTER = "a-zA-ZÀ-ÖØ-öø-ÿœŒ"
_INSIDE = rf"[{_LETTER}0-9,.:;?!()/%'’\"«»…+=#°±×µ²³≤≥–-]"
_harmless = re.compile(rf"[{_LETTER}]{_INSIDE}*(?: {_INSIDE}+)*").fullmatch
"""Words of our languages with single blanks between them: nearly every text, and cheaper to know than what is not."""
_opening = re.compile(_OPENING).match

_BROKEN = "\u200b"
"""A zero-width space, after "://", "www." and "@": it keeps a client from making a link of words."""


def plain(text: str, longest: int = LONGEST) -> str:
    """`text` on one line, without what cannot be seen, at most `longest` characters long."""
    if _untidy(text):
        text = _BLANK.sub(" ", _HIDDEN.sub("", text)).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def escape(text: str, longest: int = LONGEST) -> str:
    """`text` so that Markdown and HTML show it as it is: in a table cell, in a list item, in a sentence."""
    if _harmless(text) and len(text) <= longest and "://" not in text and "www" not in text.lower():
        return text
    text = _markup.sub(_inert, plain(text, longest))
    opening = _opening(text)
    if opening is None:
        return text
    digits = opening[0] if opening[0].isdigit() else ""
    return f"{digits}\\{text[len(digits) :]}"


def _inert(match: re.Match[str]) -> str:
    found = match[0]
    if found in "<>&|[]":
        return f"&#{ord(found)};"
    if found == "://":
        return f":{_BROKEN}//"
    if found == "@" or len(found) > 1:
        return found + _BROKEN
    return "\\" + found


def bullets(items: Iterable[str]) -> str:
    """A list; the items are Markdown already."""
    return "\n".join([f"- {item}" for item in items])
