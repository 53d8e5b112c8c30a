"""One call: what was answered, and what whoever sees it out may know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cds.hooks.models import Response
from cds.hooks.requests import Request
from cds.hooks.services import Service

__all__ = ["SEEN", "Answer", "Seen"]


class Answer(NamedTuple):
    """What is answered, and the state of each advertised prefetch key (R5) for whoever keeps account."""

    response: Response
    prefetch: Mapping[str, str] = {}


SEEN = "calcification-cds.seen"
"""Where in the ASGI scope a call leaves its `Seen`."""


@dataclass(slots=True)
class Seen:
    """What one call was about, for whoever sees it out. Never printed: it is about a patient."""

    service: Service
    client: str = ""
    request: Request | None = None
    answer: Answer | None = None
    feedback: int = 0
    """Items of feedback."""
    outcome: str = "answered"
    """Or the name of an error."""

    def __repr__(self) -> str:
        return "<Seen>"
