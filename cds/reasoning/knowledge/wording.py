"""rules/wording: the headings and fixed sentences of every card, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from cds.reasoning.conclusions import Certainty, Classification, Text
from cds.reasoning.knowledge.reading import Strict

__all__ = ["OverrideReason", "Wording"]

GapKind = Literal["missing", "stale", "recent", "unreliable", "single", "unverified", "not-seen", "ambiguous"]
DataKind = Literal["patient", "conditions", "laboratory", "findings", "medications", "procedures", "reports", "orders"]


class Headings(Strict):
    """The parts of a detail, in their order."""

    conclusion: Text
    drafts: Text
    """Of an order: what is being ordered."""
    why: Text
    """Of an order: why it and the patient's data should not meet."""
    messages: Text
    data: Text
    changes: Text
    facts: Text
    requests: Text
    left_out: Text = Field(alias="left-out")
    rule: Text
    sources: Text
    decisions: Text


class Columns(Strict):
    """The head of the table of data."""

    datum: Text
    value: Text
    unit: Text
    date: Text
    resource: Text


class Sentences(Strict):
    """Sentences that stand on many cards."""

    decision_support: Text = Field(alias="decision-support")
    no_data: Text = Field(alias="no-data")
    orders_not_seen: Text = Field(alias="orders-not-seen")
    other_release: Text = Field(alias="other-release")
    withheld: Text


class Labels(Strict):
    """How a suggestion is worded; {what} is what it is about, {days} a number of days."""

    laboratory: Text
    imaging: Text
    referral: Text
    procedure: Text
    condition: Text
    stage_observation: Text = Field(alias="stage-observation")
    after_days: Text = Field(alias="after-days")
    draft: Text
    removal: Text
    """Taking back a draft order (ORD-0d)."""
    proposal: Text
    range: Text
    """What the component of the stage Observation is."""

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        for name in type(self).model_fields:
            for text in getattr(self, name):
                _try(text, what="", days=1)
        return self


class OverrideReason(Strict):
    """A reason for setting a card aside (section 12); `system` empty: the service's own code system."""

    id: str
    system: str = ""
    text: Text


def _try(text: str, **values: object) -> None:
    """Raises ValueError when `text` has a placeholder that nothing fills."""
    try:
        text.format(**values)
    except (KeyError, IndexError, ValueError):
        raise ValueError(f"{text!r} has a placeholder other than {', '.join(values)}") from None


class Dates(Strict):
    """{year} {month} {day} {name}; `month` is for a date without a day."""

    day: Text
    month: Text
    names: Mapping[Literal["en", "fr"], tuple[str, ...]]
    """Of the months, January first."""

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        for text in (*self.day, *self.month):
            _try(text, year=2026, month=1, day=1, name="")
        if any(len(names) != 12 for names in self.names.values()) or set(self.names) != {"en", "fr"}:
            raise ValueError("twelve names of months are needed in both languages")
        return self


class Wording(Strict):
    """The chapter rules/wording."""

    headings: Headings
    columns: Columns
    sentences: Sentences
    labels: Labels
    certainty: Mapping[Certainty, Text]
    gaps: Mapping[GapKind, Text]
    states: Mapping[Literal["absent", "failed", "partial"], Text]
    """Why data were not seen (clause R5)."""
    kinds: Mapping[DataKind, Text]
    """What was not seen."""
    silent_when_absent: tuple[DataKind, ...] = Field((), alias="silent-when-absent")
    """Kinds that no rule needs: that they were never sent is no reason for a card."""
    classes: Mapping[Classification, Text]
    lean: Mapping[Literal["metastatic", "dystrophic", "none"], Text]
    levels: Mapping[Literal["confirmed", "probable", "possible", "strong", "weak"], Text]
    not_used: Mapping[str, Text] = Field(alias="not-used")
    """Why a resource is no evidence, by the reason of `NotUsed`."""
    statuses: Mapping[Literal["seen", "partly", "recalled"], Text]
    """How well a reference was read; shown unless it was seen."""
    override_reasons: tuple[OverrideReason, ...] = Field(alias="override-reasons")
    order_override_reasons: tuple[OverrideReason, ...] = Field(alias="order-override-reasons")
    """Of the cards of an order (ORD-0d)."""
    decimal: Text
    """The decimal sign."""
    dates: Dates
    units: Mapping[str, Text]
    """How a UCUM unit is shown; any other unit is shown as it is."""
