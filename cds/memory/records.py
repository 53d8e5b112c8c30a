"""What is remembered of an answer. No patient datum: the patient is a pseudonym, a card is its id and a hash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from cds.cards.outcome import CARD, SILENT
from cds.hooks.models import Card, Indicator, Response

__all__ = ["Record", "ShownCard", "SilentCard", "milliseconds", "moment", "shown_cards", "silent_cards"]


_Stored = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""What a database takes for a number."""


class ShownCard(msgspec.Struct, frozen=True):
    """A card that was sent."""

    uuid: str
    card: str
    """Its id in rules/cards."""
    rule: str
    indicator: Indicator
    evidence: str
    """SHA-256 of what it rests on (PIT-19)."""
    suggestions: tuple[str, ...] = ()
    """UUIDs."""


class SilentCard(msgspec.Struct, frozen=True):
    """A card that was not sent again."""

    card: str
    rule: str
    evidence: str
    reason: str
    """"settled" by a clinician, or shown "often" enough today."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    id: str
    """UUID; an answer that is stored twice is stored once."""
    at: _Stored
    """When it left: milliseconds since 1970, UTC."""
    client: str
    """Name in the allow-list; "" for an anonymous caller."""
    service: str
    hook: str
    instance: str
    """hookInstance."""
    patient: str
    """Pseudonym (`cds.memory.pseudonyms`)."""
    knowledge: str
    """Version of the rules."""
    duration: _Stored
    """Microseconds between the request and its answer."""
    outcome: str
    """"answered", or the name of the error in `cds.errors`."""
    prefetch: Mapping[str, str] = {}
    """State by advertised key (R5)."""
    cards: tuple[ShownCard, ...] = ()
    silent: tuple[SilentCard, ...] = ()


def shown_cards(response: Response) -> tuple[ShownCard, ...]:
    """What is remembered of the cards of an answer."""
    return tuple(_shown(card, card.extension.get(CARD, {})) for card in response.cards)


def _shown(card: Card, said: Mapping[str, Any]) -> ShownCard:
    topic = card.source.topic
    return ShownCard(
        card.uuid,
        topic.code if topic else "",
        ",".join(said.get("rules", ())),
        card.indicator,
        said.get("evidenceHash", ""),
        tuple(each.uuid for each in card.suggestions),
    )


def silent_cards(response: Response) -> tuple[SilentCard, ...]:
    """What is remembered of the cards that an answer lists as not shown again."""
    return tuple(
        SilentCard(each["card"], each["rule"], each["evidenceHash"], each["reason"])
        for each in response.extension.get(SILENT, ())
    )


def milliseconds(at: datetime) -> int:
    """`at`, which has a time zone, as it is stored."""
    return int(at.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """The other way round, in UTC."""
    return datetime.fromtimestamp(stored / 1000, UTC)
