"""The schema of rules/forms.yaml: forms, parasites, tumour red flag and differential (sections 7 and 9)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from pydantic import Field

from cds.reasoning.conclusions import Classification, Text
from cds.reasoning.knowledge.language import Layer
from cds.reasoning.knowledge.minerals import Span
from cds.reasoning.knowledge.reading import Dashed, Ruled

__all__ = ["DifferentialItem", "FormRule", "FormsChapter", "Pattern"]


class Pattern(Dashed):
    """Words of one calcified sentence, with its layers and site, and what else the chart must say."""

    words: tuple[str, ...] = ()
    """Any of these patterns, said by the same resource."""
    layers: tuple[Layer, ...] = ()
    layers_at_least: int = 0
    areas: tuple[str, ...] = ()
    """Any of these areas or regions of rules/sites.yaml."""
    beside: tuple[str, ...] = ()
    """Any of these concepts, anywhere in the chart."""


class FormRule(Ruled):
    id: str
    quote: str
    names: tuple[str, ...]
    pattern: tuple[Pattern, ...] = ()
    not_with: tuple[str, ...] = ()
    never_in: tuple[str, ...] = ()


class ParasitePattern(Dashed):
    words: str
    placeholder: str


class Parasites(Ruled):
    card: str
    concepts: tuple[str, ...]
    countries: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Concept -> where it occurs (ISO 3166-1 alpha-2); a concept without countries is plausible everywhere."""
    patterns: tuple[ParasitePattern, ...]
    tags: tuple[str, ...]

    @property
    def somewhere(self) -> tuple[str, ...]:
        """The parasites that occur in some countries only."""
        return tuple(self.countries)

    @property
    def occurs_in(self) -> tuple[str, ...]:
        """Every country that one of them occurs in."""
        return tuple(dict.fromkeys(code for codes in self.countries.values() for code in codes))


class Mass(Dashed):
    concepts: tuple[str, ...]
    words: tuple[str, ...]


class Flag(Dashed):
    words: str
    en: str
    fr: str

    @cached_property
    def text(self) -> Text:
        return Text(self.en, self.fr)


class NearJoint(Flag):
    ages: Span


class Tumour(Ruled):
    card: str
    mass: Mass
    flags: tuple[Flag, ...]
    near_joint: NearJoint
    suspicious: Flag
    named: tuple[str, ...]
    coded: tuple[str, ...]
    """Of those, the ones that only a code names: in words they describe a mass."""
    tags: tuple[str, ...]


class DifferentialItem(Dashed):
    id: str
    quote: str
    en: str
    fr: str
    concepts: tuple[str, ...]
    labs: tuple[str, ...] = ()
    parasites: bool = False
    """Names the parasites that are plausible."""


class Differential(Ruled):
    card: str
    layers: tuple[Layer, ...]
    classes: tuple[Classification, ...]
    items: tuple[DifferentialItem, ...]
    tags: tuple[str, ...]


class FormsChapter(Dashed):
    """rules/forms.yaml."""

    forms: tuple[FormRule, ...]
    card: str
    tags: tuple[str, ...]
    parasites: Parasites
    tumour: Tumour
    differential: Differential
