"""What must hold of every answer, whatever was asked."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx
import msgspec

from cds.consult import Consultant, decode_request
from cds.errors import ANSWERED, CdsError, Unexpected
from cds.hooks.calls import ANONYMOUS, Call
from tests.clock import NOW
from tests.fuzz.mutations import Asked

__all__ = ["check", "check_over_http"]

_LONGEST = 20.0
"""Seconds after which a request hangs; the slowest takes a hundredth of it."""


class Hangs(Exception):  # noqa: N818 - it is what the request does
    """An answer takes longer than any may."""


def check(consultant: Consultant, asked: Asked) -> bool:
    """Ask as the endpoint does: an answer that can be sent, or an error of the tree. Returns whether it was an answer."""
    service = next(each for each in consultant.services if each.id == asked.service)
    with _not_for_ever():
        try:
            request = decode_request(asked.body, service.served)
            call = Call(service, request, asked.language, ANONYMOUS)  # type: ignore[arg-type]
            answer = msgspec.json.encode(consultant.consult(call, NOW).response)
        except CdsError as error:
            refused: CdsError = error
        else:
            _is_sound(json.loads(answer, parse_constant=_no_number))
            return True
    assert isinstance(refused, ANSWERED)
    assert not isinstance(refused, Unexpected)
    return False


def check_over_http(client: httpx.Client, asked: Asked) -> None:
    """The same over the wire: an answer or a clear 4xx, never a 5xx."""
    headers = {"content-type": "application/json", "accept-language": asked.language}
    reply = client.post(f"/cds-services/{asked.service}", content=asked.body, headers=headers)
    if reply.status_code == 200:
        _is_sound(json.loads(reply.content, parse_constant=_no_number))
    else:
        assert 400 <= reply.status_code < 500
        assert reply.json()["resourceType"] == "OperationOutcome"


def _is_sound(answer: dict[str, Any]) -> None:
    for card in answer["cards"]:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        assert bool(card.get("suggestions")) is ("selectionBehavior" in card)
        for each in card.get("suggestions", ()):
            assert each["label"]
            assert each["actions"]


def _no_number(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@contextmanager
def _not_for_ever() -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
