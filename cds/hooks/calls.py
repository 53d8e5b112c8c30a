"""A call as it walks through the rooms: what was asked, of which service, in which language, by whom."""

from __future__ import annotations

from typing import NamedTuple

from cds.hooks.languages import Language
from cds.hooks.requests import Request
from cds.hooks.services import Service

__all__ = ["ANONYMOUS", "CALLER", "Call", "Caller"]

CALLER = "cds.caller"
"""Where whoever verifies callers leaves the Caller in the ASGI scope."""


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
