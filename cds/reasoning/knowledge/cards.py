"""rules/cards: every card of section 12, with its wording, as data.

What a card says lives there and nowhere else; which card is shown is decided by the rules, and how it is laid out by
`cds.cards`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Strict

__all__ = ["Ask", "Card", "Cards", "Code", "Fact", "Group", "Placeholder", "ProposalEntry", "ServiceId", "Variant"]

ServiceId = Literal["soft-tissue-calcification", "chronic-venous-insufficiency", "calcification-order-safety"]

Group = Literal["red-flag", "alarm", "cause", "class", "venous", "form", "differential", "other", "order"]
"""Kinds of card in the order of display inside one level of urgency (section 12, "Ordering")."""

SUMMARY_LIMIT = 139
"""Characters of a summary after filling (C1: fewer than 140)."""

_NAMES = re.compile(r"\{(\w*)\}")


class Code(Strict):
    """A code that a proposed resource carries."""

    system: str
    code: str
    display: str


class Fact(Strict):
    """What the source document states, in its own French words, and what they mean in English."""

    quote: str
    """The words of the source document, without guillemets."""
    en: str
    """A faithful translation."""
    fr: str = ""
    """How the quote is introduced in French; empty: the quote alone."""
    source: str = "S"


class Ask(Strict):
    """An entry of rules/workup, or a group of entries, that a card asks for."""

    key: str
    after_days: int | None = Field(None, alias="after-days", gt=0)
    """Only worth repeating so many days from now."""

    @model_validator(mode="before")
    @classmethod
    def _key_alone(cls, written: object) -> object:
        return {"key": written} if isinstance(written, str) else written


class Variant(Strict):
    """One wording of a card, chosen by the conclusion."""

    id: str = ""
    indicator: Literal["info", "warning", "critical"] | None = None
    """None: that of the card. The card of an order is as urgent as the hazard (12b.5)."""
    summary: Text
    conclusion: Text
    """The first sentence of the detail; of an order: why the order and the patient's data should not meet."""
    requests: tuple[Ask, ...] | None = None
    """None: those of the card."""
    messages: tuple[Text, ...] = ()
    """Added to those of the card."""
    changes: tuple[Text, ...] | None = None
    """None: those of the card."""
    proposals: tuple[str, ...] = ()
    """Keys of `proposals` that this conclusion may offer for the problem list (section 13)."""


class Card(Strict):
    """A card of section 12."""

    id: str = Field(pattern=r"^C-[A-Z0-9-]+$")
    service: ServiceId | Literal["every"]
    """The one service that it belongs to; "every" is for the protocol's own card about data that were not seen."""
    rule: str
    indicator: Literal["info", "warning", "critical"]
    group: Group
    topic: Text
    variants: tuple[Variant, ...] = Field(min_length=1)
    requests: tuple[Ask, ...] = ()
    priority: Literal["routine", "urgent", "asap", "stat"] = "routine"
    """Of its requests (section 13)."""
    messages: tuple[Text, ...] = ()
    """What to bear in mind; wording, never an order."""
    facts: tuple[Fact, ...] = ()
    changes: tuple[Text, ...] = Field(min_length=1)
    """What would change the conclusion whatever the patient's data are."""
    grade: Literal["S", "G", "L", "E", "S/L", "G/L", "S/G", "S/E", "G/E", "L/E"]
    """Grade of evidence of the rule, as in rules.md."""
    sources: tuple[str, ...]
    """Tags of rules/sources."""

    def variant(self, name: str = "") -> Variant:
        """The variant `name`. Raises KeyError: a conclusion that names another one is a defect of the rule."""
        for each in self.variants:
            if each.id == name:
                return each
        raise KeyError(f"{self.id} has no variant {name!r}")

    def asks(self, variant: str = "") -> tuple[Ask, ...]:
        """What the card asks for, in order of importance."""
        own = self.variant(variant).requests
        return self.requests if own is None else own

    @model_validator(mode="after")
    def _variants_differ(self) -> Self:
        names = [each.id for each in self.variants]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.id}: two variants have the same id")
        return self


class PlaceholderValue(Strict):
    """One of the closed list of values, by the concept that it stands for, and what it adds to the card."""

    id: str
    text: Text
    messages: tuple[Text, ...] = ()
    facts: tuple[Fact, ...] = ()
    requests: tuple[Ask, ...] = ()
    """What this value asks for, such as ophthalmology advice for pseudoxanthoma elasticum."""


class Placeholder(Strict):
    """What may stand in a summary: a closed list of values, or a short text of at most `longest` characters."""

    id: str
    longest: int = 0
    """Characters; for a placeholder with a list it is counted from the list."""
    values: tuple[PlaceholderValue, ...] = ()
    several: bool = False
    """More than one value: the first, then " (+n)"."""

    def value(self, concept: str) -> Text:
        """The words for `concept`. Raises KeyError when the list does not have it."""
        for each in self.values:
            if each.id == concept:
                return each.text
        raise KeyError(f"{self.id} has no value for {concept!r}")

    def filled(self, *concepts: str) -> Text:
        """The words for one or several concepts: the first, then how many more there are."""
        first = self.value(concepts[0])
        more = f" (+{len(concepts) - 1})" if len(concepts) > 1 else ""
        return Text(first.en + more, first.fr + more)

    def worst(self, language: str) -> str:
        """The longest text that can stand here."""
        if not self.values:
            return "W" * self.longest
        words = max((each.text.in_(language) for each in self.values), key=len)
        return words + (" (+9)" if self.several else "")


class ProposalEntry(Strict):
    """A problem-list entry or the stage that a clinician may accept (section 13)."""

    id: str
    kind: Literal["condition", "stage-observation"]
    text: Text
    coding: Code | None = None
    """Only codes of tier A with one meaning; None: words only."""
    stage_text: Text | None = Field(None, alias="stage-text")


class Cards(Strict):
    """The chapter rules/cards."""

    cards: tuple[Card, ...]
    placeholders: tuple[Placeholder, ...] = ()
    proposals: tuple[ProposalEntry, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Card]:
        return {each.id: each for each in self.cards}

    def __getitem__(self, card: str) -> Card:
        return self.by_id[card]

    def placeholder(self, name: str) -> Placeholder:
        """The placeholder `name`. Raises KeyError."""
        for each in self.placeholders:
            if each.id == name:
                return each
        raise KeyError(name)

    def proposal(self, name: str) -> ProposalEntry:
        """The problem-list entry `name`. Raises KeyError."""
        for each in self.proposals:
            if each.id == name:
                return each
        raise KeyError(name)

    @model_validator(mode="after")
    def _placeholders_are_known_and_fit(self) -> Self:
        known = {each.id for each in self.placeholders}
        proposals = {each.id for each in self.proposals}
        for card in self.cards:
            for variant in card.variants:
                for language in ("en", "fr"):
                    summary = variant.summary.in_(language)
                    named = set(_NAMES.findall(summary)) | set(_NAMES.findall(variant.conclusion.in_(language)))
                    if stray := set(_NAMES.sub("", summary + variant.conclusion.in_(language))) & set("{}"):
                        raise ValueError(f"{card.id}: a lone {min(stray)!r} in the {language} text")
                    if unknown := sorted(named - known):
                        raise ValueError(f"{card.id}: the placeholder {unknown[0]!r} is not known")
                    filled = _NAMES.sub(lambda name, to=language: self.placeholder(name[1]).worst(to), summary)  # type: ignore[misc]
                    if len(filled) > SUMMARY_LIMIT:
                        raise ValueError(f"{card.id}: the {language} summary has {len(filled)} characters when filled")
                if strange := sorted(set(variant.proposals) - proposals):
                    raise ValueError(f"{card.id}: the proposal {strange[0]!r} is not known")
        return self
