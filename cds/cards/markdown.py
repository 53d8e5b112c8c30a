"""GitHub-flavoured Markdown that shows foreign words as words (clause C2).

Whatever came out of a record is data: it may hold a table pipe, a link, an image, a tag. The reference client renders
raw HTML, so nothing of a record may reach `detail` unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["bullets", "escape", "plain", "row"]

LONGEST = 400
"""Characters of one foreign text; a longer one is cut with an ellipsis."""

_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
)
"""Control, zero-width and direction-changing characters, and halves of surrogate pairs (they cannot be encoded)."""

_BLANK = re.compile(r"\s+")
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_UNTIDY = re.compile(rf"[{_INVISIBLE}\t-\r\x85\u2028\u2029]|\s\s|^\s|\s$")
_ACTIVE = re.compile(r"[\\`*_\[\]~|<>&@]|://|www\.", re.IGNORECASE)
_OPENING = re.compile(r"(?:#|[-+=](?=[\s\-+=]|$)|(\d{1,9})(?=[.)](?:\s|$)))")
_BROKEN = "\u200b"
"""A zero-width space, after "://", "www." and "@": it keeps a client from making a link of words."""


def plain(text: str, longest: int = LONGEST) -> str:
    """`text` on one line, without what cannot be seen, at most `longest` characters long."""
    if _UNTIDY.search(text):
        text = _BLANK.sub(" ", _HIDDEN.sub("", text)).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def escape(text: str, longest: int = LONGEST) -> str:
    """`text` so that Markdown and HTML show it as it is: in a table cell, in a list item, in a sentence."""
    text = plain(text, longest)
    if _ACTIVE.search(text):
        text = _ACTIVE.sub(_inert, text)
    opening = _OPENING.match(text)
    if opening:
        digits = opening[1]
        text = f"{digits}\\{text[len(digits) :]}" if digits else "\\" + text
    return text


def _inert(match: re.Match[str]) -> str:
    found = match[0]
    if found in "<>&|":
        return f"&#{ord(found)};"
    if found == "://":
        return f":{_BROKEN}//"
    if found == "@" or len(found) > 1:
        return found + _BROKEN
    return "\\" + found


def row(cells: Iterable[str]) -> str:
    """One row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def bullets(items: Iterable[str]) -> str:
    """A list; the items are Markdown already."""
    return "\n".join([f"- {item}" for item in items])
