"""The right name for a wrong one, where one is near enough to be meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(wrong: object, known: Iterable[str], likeness: float = 0.5) -> str:
    """ "; did you mean 'right'?", to be added to a message; "" when no name in `known` is at least so like (0 to 1)."""
    nearest = difflib.get_close_matches(str(wrong), sorted(known), 1, likeness)
    return f"; did you mean '{nearest[0]}'?" if nearest else ""
