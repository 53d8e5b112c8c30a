"""Which language the caller reads: `Accept-Language` (RFC 9110, 12.5.4) before the setting."""

from __future__ import annotations

from typing import Literal

__all__ = ["Language", "preferred"]

Language = Literal["en", "fr"]


def preferred(header: str, otherwise: Language) -> Language:
    """The language of ours with the highest weight in `header`; of equals the first; `otherwise` where it names none.

    A range that is malformed is passed over: the header is a wish, not a reason to refuse.
    """
    best, weight = otherwise, 0.0
    for wish in header.split(","):
        tag, *parameters = wish.split(";")
        language = _ours(tag)
        quality = _quality(parameters)
        if language and quality > weight:
            best, weight = language, quality
    return best


def _ours(tag: str) -> Language | None:
    primary = tag.strip().lower().split("-")[0]
    if primary == "fr":
        return "fr"
    return "en" if primary == "en" else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0.0 <= quality <= 1.0 else 0.0
    return 1.0
