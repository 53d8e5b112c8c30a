"""From a call that is over to its record."""

from __future__ import annotations

from os import urandom

from cds.hooks.calls import Answer, Seen
from cds.hooks.models import Response
from cds.memory.records import Record, shown_cards, silent_cards

__all__ = ["record"]

_48_BITS = (1 << 48) - 1
_VARIANTS = "89ab" * 4
_NOTHING = Answer(Response(cards=[]))


def record(seen: Seen, patient: str, knowledge: str, at: int, seconds: float) -> Record:
    """What is remembered of `seen`, which was about a patient: its request could be read."""
    request = seen.request
    assert request is not None
    answer = seen.answer or _NOTHING
    return Record(
        id=_ordered(at),
        at=at,
        client=seen.caller.name,
        service=seen.service.id,
        hook=request.hook,
        instance=request.instance,
        patient=patient,
        knowledge=knowledge,
        duration=int(seconds * 1e6),
        outcome=seen.outcome,
        prefetch=answer.prefetch,
        cards=shown_cards(answer.response),
        silent=silent_cards(answer.response),
    )


def _ordered(at: int) -> str:
    """A fresh UUID (version 7) that begins with the time: a database appends where a random one makes it search."""
    digits = f"{at & _48_BITS:012x}{urandom(10).hex()}"
    variant = _VARIANTS[int(digits[15], 16)]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[12:15]}-{variant}{digits[16:19]}-{digits[19:31]}"
