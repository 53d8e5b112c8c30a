"""rules/suppression: how long a card stays silent once a clinician has dealt with it (PIT-19)."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from cds.reasoning.knowledge.reading import Dashed, Ruled

__all__ = ["CardDays", "MostADay", "ReasonDays", "Suppression"]

Days = Field(ge=0, le=3650)


class WithoutReason(Dashed):
    """Of a card that was dismissed and nothing said, by its level."""

    info: int = Days
    warning: int = Days


class ReasonDays(Dashed):
    """An override reason that passes sooner than others."""

    id: str
    days: int = Days


class CardDays(Dashed):
    """A card with a time of its own."""

    id: str
    days: int = Days


class MostADay(Dashed):
    """How often a card with the same data is shown for one patient on one day."""

    id: str
    times: int = Field(ge=1)


class Suppression(Ruled):
    """The chapter rules/suppression. Numbers are days."""

    accepted: int = Days
    with_reason: int = Days
    without_reason: WithoutReason
    reasons: tuple[ReasonDays, ...] = ()
    cards: tuple[CardDays, ...] = ()
    most_a_day: tuple[MostADay, ...] = ()

    @cached_property
    def of_reason(self) -> dict[str, int]:
        return {each.id: each.days for each in self.reasons}

    @cached_property
    def of_card(self) -> dict[str, int]:
        return {each.id: each.days for each in self.cards}

    @cached_property
    def times(self) -> dict[str, int]:
        return {each.id: each.times for each in self.most_a_day}

    @cached_property
    def longest(self) -> int:
        """Days after which nothing is silent any more."""
        general = (self.accepted, self.with_reason, self.without_reason.info, self.without_reason.warning)
        return max((*general, *self.of_reason.values(), *self.of_card.values()))

    def days(self, card: str, indicator: str, outcome: str, reason: str) -> int:
        """How long `card` stays silent after feedback. `reason` is a code, other words for one, or "" for none."""
        if indicator == "critical":
            return 0
        if outcome == "overridden" and not reason:
            general = self.without_reason.info if indicator == "info" else self.without_reason.warning
        else:
            general = self.accepted if outcome == "accepted" else self.with_reason
        if not general:
            return 0
        of_card = self.of_card.get(card, general)
        return min(of_card, self.of_reason.get(reason, of_card)) if outcome == "overridden" else of_card
