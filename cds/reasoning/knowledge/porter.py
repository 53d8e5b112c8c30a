"""The schema of rules/porter.yaml: stages, signs, venous context and the CEAP equivalence (CVI-0, CVI-1, 8.1, 8.3)."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from cds.reasoning.chart import Severity
from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Dashed, Ruled
from cds.reasoning.language.patterns import compile_phrases

__all__ = [
    "Ceap",
    "CeapClass",
    "Competing",
    "Course",
    "Days",
    "Phrases",
    "PorterChapter",
    "SignRow",
    "Span",
    "StageRow",
    "Uncounted",
    "VenousContext",
]

Course = Literal["open", "recurrent", "healed"]
"""Of an ulcer."""

Uncounted = Literal[
    "negative",
    "past",
    "elsewhere",
    "site-unknown",
    "old",
    "undated",
    "superseded",
    "other-sign-in-words",
    "no-context",
    "explained",
    "not-alone",
    "no-trophic-sign",
    "not-severe",
]
"""Why a sign that stands in the record does not count."""

_DAYS = re.compile(r"(\d+) d")


def _days(written: Any) -> Any:
    """`365 d` as 365; anything else is left for pydantic to refuse."""
    found = _DAYS.fullmatch(written) if isinstance(written, str) else None
    return int(found[1]) if found else written


def _none_means_none(written: Any) -> Any:
    return [None if each == "none" else each for each in written] if isinstance(written, list) else written


def _compiled(written: Any) -> Any:
    if isinstance(written, str):
        raise ValueError("a list of phrases is wanted")  # a lone phrase would be taken for a regular expression
    return compile_phrases(written) if isinstance(written, list) else written


Days = Annotated[int, BeforeValidator(_days), Field(ge=1, strict=True)]
"""A number of days, written `365 d`."""

Number = Annotated[int, Field(ge=1, le=4)]
"""A stage in the numbering of the source document (D-6)."""


class Span(NamedTuple):
    """The range of stages that a sign gives. `low` is None where it may not stage by itself."""

    low: Number | None
    high: Number


Range = Annotated[Span, BeforeValidator(_none_means_none)]

Phrases = Annotated[re.Pattern[str], BeforeValidator(_compiled)]
"""Phrases in the notation of `cds.reasoning.language.patterns`; searched in folded text."""


class Criterion(Dashed):
    """A criterion of the source document in its own words, and the signs that stand for it here."""

    quote: str
    en: str
    signs: tuple[str, ...] = Field(min_length=1)


class StageRow(Dashed):
    """One stage of the table of the source document (8.1)."""

    id: str
    number: Number
    original_class: Annotated[int, Field(ge=0, le=3)]
    """Of the report of 1988 (D-6)."""
    quote: str
    term: Text
    criteria: tuple[Criterion, ...]

    @model_validator(mode="after")
    def _one_less(self) -> Self:
        if self.original_class != self.number - 1:
            raise ValueError(f"{self.id}: the original class is the stage less one (D-6)")
        return self


class Stages(Dashed):
    """The range by severity; `any` alone where severity does not matter."""

    any_: Range | None = None
    unsaid: Range | None = None
    mild: Range | None = None
    moderate: Range | None = None
    marked: Range | None = None

    def by(self, severity: Severity | None) -> Span | None:
        """The range for a severity, None where the sign does not stage with it."""
        if self.any_ is not None:
            return self.any_
        if severity is None:
            return self.unsaid
        span: Span | None = None if severity == "absent" else getattr(self, severity)
        return span

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        graded = (self.unsaid, self.mild, self.moderate, self.marked)
        if (self.any_ is None) == (graded == (None, None, None, None)):
            raise ValueError("either 'any', or ranges by severity")
        for each in (self.any_, *graded):
            if each is not None and each.low is not None and each.low > each.high:
                raise ValueError("the lowest stage comes first")
        return self


class InWords(Dashed):
    """Words that decide the range more than the severity does."""

    words: Phrases
    stage: Range


class SignRow(Dashed):
    """A sign of chronic venous disease: what it is recognised by, and which range of stages it gives."""

    id: str
    term: Text
    concepts: tuple[str, ...] = Field(min_length=1)
    stage: Stages
    in_words: tuple[InWords, ...] = ()
    only_with: str = ""
    """Counts only where the words of the datum say this term of rules/terms."""
    never_with: str = ""
    ceap: str = ""
    courses: dict[Course, str] = Field(default_factory=dict)
    provisional: bool = False
    window: Days | None = None
    listed_for: Days | None = None
    """Listed as active for longer: the stage stands, the card asks (ACC-5)."""
    site: Literal["leg", "named"] = "leg"
    area: str = "leg-area"
    """Of rules/sites.yaml: where the sign is one of the leg."""
    site_in_words: Phrases | None = None
    elsewhere_in_words: Phrases | None = None
    context: Literal["needed", "gives"]
    context_site: Literal["leg", "named"] = "leg"
    not_when: str = ""
    """The list of `explained_by` that explains the sign better."""
    past_counts: bool = False
    """D-10."""
    alone: bool = False
    """D-9: counts only where no other sign is recorded."""
    trophic: bool = False
    with_same_side: Literal["trophic"] | None = None
    yields_to: str = ""
    """A sign that says the same more precisely: counts only where that one does not."""
    code_yields_to: tuple[str, ...] = ()
    """Signs whose words in the same datum decide what a shared ICD code means."""
    cause: Literal["strong", "weak"] = "strong"
    """`weak`: a stage that rests on this sign alone never makes a strong cause of calcification."""
    ask: Text | None = None
    ask_always: bool = False


class UlcerWords(Dashed):
    """What words say about an ulcer: terms of rules/terms, and phrases that speak of treatment failure."""

    not_healing: str
    healed: str
    recurrent: str
    failure: Phrases

    def course(self, said: Collection[str]) -> Course:
        """The course by the terms that the words say; open where they say nothing."""
        if self.healed in said and self.not_healing not in said:
            return "healed"
        return "recurrent" if self.recurrent in said else "open"


class GlobalSeverity(Ruled):
    """D-16: a grade of the diagnosis itself raises the highest stage only."""

    of: tuple[str, ...]
    highest: dict[Literal["mild", "moderate", "marked"], Number]
    ask: Text


class VenousContext(Ruled):
    """CVI-0: what says venous disease of the leg besides the signs and CEAP classes that do."""

    area: str
    concepts: tuple[str, ...]
    reflux: tuple[str, ...]
    elsewhere_in_words: Phrases


class Competing(Dashed):
    """A cause that explains a sign better than the veins (CVI-1b)."""

    id: str
    term: Text
    concept: str = ""
    never_with: str = ""
    """Does not compete where the words of the datum say this term of rules/terms."""
    lab: str = ""
    below: float = 0
    """In the canonical unit of `lab`."""
    medicine: str = ""
    within: Days | None = None
    """A datum with an older date does not compete; one without a date does."""
    same_side: bool = False
    area: str = "lower-limb"
    """Where sides matter: a known site outside it does not compete."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(map(bool, (self.concept, self.lab, self.medicine))) != 1:
            raise ValueError(f"{self.id}: one of concept, lab, medicine")
        return self


class CeapClass(Dashed):
    """A CEAP clinical class and the range of stages that it stands for (8.3, approximate)."""

    id: str
    stage: Range
    context: bool = False
    provisional: bool = False
    trophic: bool = False
    course: Course | None = None
    """Of the ulcer that the class speaks of."""
    ask: str = ""
    """Id of the sign whose question narrows the range."""


class Ceap(Dashed):
    """8.3, in order of rank."""

    concept: str
    longest: int
    classes: tuple[CeapClass, ...]

    @cached_property
    def by_id(self) -> dict[str, CeapClass]:
        return {each.id: each for each in self.classes}

    @cached_property
    def outdone_by(self) -> dict[str, frozenset[str]]:
        """Per class those beside which it says nothing more: C0 beside any other, C4 beside C4a, C6 beside C6r."""
        return {each: frozenset(other for other in self.by_id if _says_more(other, each)) for each in self.by_id}

    @cached_property
    def rank(self) -> dict[str, int]:
        """Place in the order of rank, 0 the lowest."""
        return {each.id: place for place, each in enumerate(self.classes)}


def _says_more(other: str, name: str) -> bool:
    if name.startswith("C0"):
        return not other.startswith("C0") or (name, other) == ("C0A", "C0S")
    return other != name and other.startswith(name)


class PorterChapter(Dashed):
    """rules/porter.yaml."""

    classification: str
    stages: tuple[StageRow, ...]
    signs: tuple[SignRow, ...]
    ulcer_words: UlcerWords
    global_severity: GlobalSeverity
    not_counted: dict[Uncounted, Text]
    venous_context: VenousContext
    explained_by: dict[str, tuple[Competing, ...]]
    ceap: Ceap

    @cached_property
    def by_id(self) -> dict[str, SignRow]:
        return {each.id: each for each in self.signs}

    @cached_property
    def rows_of(self) -> dict[str, tuple[SignRow, ...]]:
        """The signs that a concept may stand for."""
        found: dict[str, tuple[SignRow, ...]] = {}
        for sign in self.signs:
            for concept in sign.concepts:
                found[concept] = (*found.get(concept, ()), sign)
        return found

    @cached_property
    def concepts(self) -> frozenset[str]:
        """Every concept that a sign, a CEAP class or the venous context is recognised by."""
        return frozenset({*self.rows_of, self.ceap.concept, *self.venous_context.concepts, *self.venous_context.reflux})

    @cached_property
    def place(self) -> dict[str, int]:
        """Place of a sign in the chapter: the order of everything that is listed."""
        return {each.id: place for place, each in enumerate(self.signs)}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        signs = {each.id for each in self.signs}
        named = [(stage.id, sign) for stage in self.stages for each in stage.criteria for sign in each.signs]
        named += [(each.id, sign) for each in self.signs for sign in each.code_yields_to]
        named += [(each.id, each.yields_to) for each in self.signs if each.yields_to]
        named += [(each.id, each.ask) for each in self.ceap.classes if each.ask]
        for where, name in named:
            if name not in signs:
                raise ValueError(f"{where}: {name!r} is not a sign of this chapter")
        for sign in self.signs:
            if sign.not_when and sign.not_when not in self.explained_by:
                raise ValueError(f"{sign.id}: {sign.not_when!r} is not a list of explained-by")
            for ceap in filter(None, (sign.ceap, *sign.courses.values())):
                if ceap not in self.ceap.by_id:
                    raise ValueError(f"{sign.id}: {ceap!r} is not a CEAP class of this chapter")
        if unsaid := sorted(set(get_args(Uncounted)) - set(self.not_counted)):
            raise ValueError(f"not-counted: {unsaid[0]!r} has no words")
        if sorted(each.number for each in self.stages) != [1, 2, 3, 4]:
            raise ValueError("the stages are 1, 2, 3 and 4")
        return self
