"""When two cards say the same thing (PIT-19)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from cds.reasoning.conclusions import Conclusion, Evidence, Value

__all__ = ["evidence_hash"]


def evidence_hash(conclusion: Conclusion, more: Iterable[str] = ()) -> str:
    """SHA-256 over the card, its variant and its evidence, whatever its order; wording and language play no part.

    `more` is what a card rests on besides evidence, such as the names of data that were not seen.
    """
    said = sorted({_said(each) for each in conclusion.evidence})
    parts = [conclusion.card, conclusion.variant, *said, *sorted(more)]
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _said(evidence: Evidence) -> str:
    value = evidence.value
    if isinstance(value, Value):
        # What no resource says was reckoned with the clock: it changes when a reader sees it change.
        number = round(value.number, value.digits) if evidence.source is None else value.number
        words = f"{value.comparator}{number!r} {value.unit}"
    else:
        words = value
    return f"{evidence.source or ''}\x1e{words}"
