"""From a call that is over to its record."""

from __future__ import annotations

import uuid

from cds.hooks.calls import Answer, Seen
from cds.hooks.models import Response
from cds.memory.records import Record, shown_cards, silent_cards

__all__ = ["record"]

_NOTHING = Answer(Response(cards=[]))


def record(seen: Seen, patient: str, knowledge: str, at: int, seconds: float) -> Record:
    """What is remembered of `seen`, which was about a patient: its request could be read."""
    request = seen.request
    assert request is not None
    answer = seen.answer or _NOTHING
    return Record(
        id=str(uuid.uuid4()),
        at=at,
        client=seen.caller.name,
        service=seen.service.id,
        hook=request.hook,
        instance=str(request.instance),
        patient=patient,
        knowledge=knowledge,
        duration=int(seconds * 1e6),
        outcome=seen.outcome,
        prefetch=answer.prefetch,
        cards=shown_cards(answer.response),
        silent=silent_cards(answer.response),
    )
