"""The schema of rules/metabolic.yaml: metabolic causes with their levels (section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from pydantic import model_validator

from cds.reasoning.conclusions import Certainty, Text
from cds.reasoning.knowledge.criteria import Criterion
from cds.reasoning.knowledge.minerals import Grade
from cds.reasoning.knowledge.reading import Dashed, Strict

__all__ = ["CauseRule", "Confounder", "History", "MetabolicChapter", "Note", "Sourced"]


class Sourced(Strict):
    """Tags of rules/sources.yaml, and the grade."""

    tags: tuple[str, ...] = ()
    grade: Grade


class Note(Dashed):
    """A sentence of the detail, said when its criterion is true."""

    when: Criterion
    en: str
    fr: str

    @cached_property
    def text(self) -> Text:
        return Text(self.en, self.fr)


class CauseCard(Dashed):
    """The card of a cause: shown from level probable on, when its criterion (if any) is true."""

    id: str
    when: Criterion | None = None


class CauseRule(Dashed):
    """One metabolic cause."""

    id: str
    concepts: tuple[str, ...]
    term: Text
    quote: str = ""
    """The words of the source document."""
    source: Sourced
    decisions: tuple[str, ...] = ()
    none_when: Criterion | None = None
    possible_at_most_when: Criterion | None = None
    confirmed: Criterion | None = None
    probable: Criterion | None = None
    possible: Criterion | None = None
    card: CauseCard | None = None
    shows: tuple[str, ...] = ()
    """Rows of the table: lab ids, and calcium-chosen, pth-paired, medicines."""
    medicines: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    """Keys of rules/workup.yaml that the class card asks for while the cause is only possible."""
    notes: tuple[Note, ...] = ()

    @cached_property
    def levels(self) -> tuple[tuple[Certainty, Criterion], ...]:
        """What each level asks for, the highest first."""
        named: tuple[tuple[Certainty, Criterion | None], ...] = (
            ("confirmed", self.confirmed),
            ("probable", self.probable),
            ("possible", self.possible),
        )
        return tuple((name, criterion) for name, criterion in named if criterion is not None)

    def criteria(self) -> tuple[tuple[str, Criterion], ...]:
        """Its criteria by name, in the order in which they are asked."""
        named = (("none-when", self.none_when), ("possible-at-most-when", self.possible_at_most_when), *self.levels)
        return tuple((name, criterion) for name, criterion in named if criterion is not None)


class History(Dashed):
    """D-15."""

    id: str
    years: float
    concepts: tuple[str, ...]
    cures: tuple[str, ...]
    """What cured a metabolic cause counts like its resolved diagnosis (D-15: transplant)."""
    term: Text


class Confounder(Dashed):
    """Something else that raises calcium: one question, and what it is called."""

    criterion: Criterion
    text: Text

    @model_validator(mode="before")
    @classmethod
    def _question_and_words(cls, raw: object) -> object:
        if isinstance(raw, dict) and "en" in raw and "fr" in raw:
            asked = {key: value for key, value in raw.items() if key not in ("en", "fr")}
            return {"criterion": asked, "text": {"en": raw["en"], "fr": raw["fr"]}}
        return raw


class MetabolicChapter(Dashed):
    """rules/metabolic.yaml."""

    causes: tuple[CauseRule, ...]
    history: History
    associations: tuple[CauseRule, ...]
    confounders: tuple[Confounder, ...]

    @cached_property
    def causes_by_id(self) -> Mapping[str, CauseRule]:
        return {each.id: each for each in self.causes}

    @cached_property
    def associations_by_id(self) -> Mapping[str, CauseRule]:
        return {each.id: each for each in self.associations}
