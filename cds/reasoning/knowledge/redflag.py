"""The schema of rules/redflag.yaml (RED-1)."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.minerals import Grounds
from cds.reasoning.knowledge.reading import Dashed

__all__ = ["RedFlagChapter"]


Category = Literal["G3", "G3a", "G3b", "G4", "G5", "G5D"]


class PainfulUlcer(Dashed):
    ulcers: tuple[str, ...]
    words: tuple[str, ...]


class SkinEvidence(Dashed):
    concepts: tuple[str, ...]
    words: tuple[str, ...]
    painful_ulcer: PainfulUlcer


class Words(Dashed):
    words: tuple[str, ...]


class Severe(Dashed):
    categories: tuple[Category, ...]
    egfr_below: float
    transplant_egfr_below: float


class Warning_(Dashed):  # noqa: N801 - Warning is a builtin
    categories: tuple[Category, ...]
    medicines: tuple[str, ...]


class Downgrade(Dashed):
    evidence: tuple[str, ...]
    areas: tuple[str, ...]
    explained_by: tuple[str, ...]


class Context(Dashed):
    venous: tuple[str, ...]


class RedFlagChapter(Dashed):
    """rules/redflag.yaml."""

    id: str
    term: Text
    days: int
    skin_evidence: SkinEvidence
    weak_evidence: Words
    calciphylaxis: str
    severe: Severe
    warning: Warning_ = Field(alias="warning")
    downgrade: Downgrade
    context: Context
    source: Grounds

    @cached_property
    def skin(self) -> tuple[str, ...]:
        """Everything that the skin may show."""
        strong = self.skin_evidence
        return (*strong.concepts, *strong.words, *strong.painful_ulcer.words, *self.weak_evidence.words)
