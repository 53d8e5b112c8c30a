"""A call as it walks through the rooms: who asks what of which service, what is answered, and what stays of it after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cds.hooks.languages import Language
from cds.hooks.models import Response
from cds.hooks.requests import Request
from cds.hooks.services import Service

__all__ = ["ANONYMOUS", "CALLER", "SEEN", "Answer", "Call", "Caller", "Seen"]

CALLER = "calcification-cds.caller"
"""Where in the ASGI scope whoever verifies callers leaves the Caller."""
SEEN = "calcification-cds.seen"
"""Where in the ASGI scope a call leaves its `Seen`."""


class Caller(NamedTuple):
    """Who calls, and what was agreed with it."""

    name: str
    """As the site names it; shown in audit and metrics. "" is somebody who was not asked who it is."""
    language: Language | None = None
    """For calls that say no language; None leaves it to the setting."""
    services: frozenset[str] | None = None
    """Ids of the services that it may call; None is every one."""
    fhir_servers: tuple[str, ...] = ()
    """Base URLs of the FHIR servers that may be read for it (S9)."""
    system_actions: bool = False
    """Whether systemActions were agreed on (C7)."""


ANONYMOUS = Caller(name="")
"""Whoever calls a service that asks nobody who it is."""


class Call(NamedTuple):
    """One service call."""

    service: Service
    request: Request
    language: Language
    caller: Caller


class Answer(NamedTuple):
    """What is answered, and for whoever keeps account how its data came."""

    response: Response
    prefetch: Mapping[str, str] = {}
    """State of each advertised prefetch key (R5)."""
    failures: tuple[str, ...] = ()
    """Why what was asked of a FHIR server did not come: one word per key, or one for all of them."""
    patient: str = ""
    """Pseudonym of the patient, where the answer had to know it already."""


@dataclass(slots=True)
class Seen:
    """What one call was about, for whoever sees it out. Never printed: it is about a patient."""

    service: Service
    caller: Caller = ANONYMOUS
    request: Request | None = None
    answer: Answer | None = None
    feedback: int = 0
    """Items of feedback."""
    outcome: str = "answered"
    """Or the name of an error."""

    def __repr__(self) -> str:
        return "<Seen>"
