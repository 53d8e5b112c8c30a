"""What goes over the wire, with the names of the CDS Hooks specification, verbatim.

Outgoing values are msgspec structs: a member that is None or empty never leaves the service (C9), an unknown member
cannot be built at all. Resources inside actions are plain JSON values that `cds.cards` has built from checked
templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

__all__ = [
    "Action",
    "Card",
    "Coding",
    "Discovery",
    "Indicator",
    "Link",
    "Response",
    "ServiceEntry",
    "Source",
    "Suggestion",
]

Indicator = Literal["info", "warning", "critical"]


class _Outgoing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything that leaves: no nulls, no empty values, no unknown members."""


class Coding(_Outgoing, frozen=True):
    """A code (C5, F1)."""

    code: str
    system: str = ""
    display: str = ""


class Source(_Outgoing, frozen=True):
    """Where a card comes from: the service, and the kind of guidance as `topic` (C1)."""

    label: str
    url: str = ""
    icon: str = ""
    topic: Coding | None = None


class Action(_Outgoing, frozen=True):
    """C4. create and update carry the whole resource, delete carries `resourceId`."""

    type: Literal["create", "update", "delete"]
    description: str
    resource: dict[str, Any] | None = None
    resourceId: str = ""  # noqa: N815 - the specification's name


class Suggestion(_Outgoing, frozen=True):
    """C3. `actions` is never an empty array: it is left out when there is none. `isRecommended` is always said, although
    the specification lets it go: there are clients whose models take no suggestion without it."""

    label: str
    uuid: str
    isRecommended: bool  # noqa: N815
    actions: tuple[Action, ...] = ()


class Link(_Outgoing, frozen=True):
    """C6. `appContext` only on smart links."""

    label: str
    url: str
    type: Literal["absolute", "smart"]
    appContext: str = ""  # noqa: N815


class Card(_Outgoing, frozen=True):
    """C1 to C8."""

    uuid: str
    summary: str
    indicator: Indicator
    source: Source
    detail: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    selectionBehavior: Literal["", "any", "at-most-one"] = ""  # noqa: N815
    overrideReasons: tuple[Coding, ...] = ()  # noqa: N815
    links: tuple[Link, ...] = ()
    extension: dict[str, Any] = {}


class Response(_Outgoing, frozen=True):
    """The answer to a hook. `cards` is always there, also when empty."""

    cards: list[Card]
    extension: dict[str, Any] = {}


class ServiceEntry(_Outgoing, frozen=True):
    """One service on one hook, as discovery lists it (D2, D3)."""

    hook: str
    id: str
    description: str
    title: str = ""
    version: str = ""
    """Of CDS Hooks."""
    hookVersion: str = ""  # noqa: N815
    prefetch: Mapping[str, str] = {}
    usageRequirements: str = ""  # noqa: N815
    extension: dict[str, Any] = {}


class Discovery(_Outgoing, frozen=True):
    """The answer of `GET /cds-services`."""

    services: list[ServiceEntry]
