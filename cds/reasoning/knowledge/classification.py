"""The schema of rules/classification.yaml (CLS-1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from cds.reasoning.conclusions import Certainty, Classification, Text
from cds.reasoning.knowledge.criteria import Criterion
from cds.reasoning.knowledge.reading import Dashed

__all__ = ["ClassificationChapter"]


class Row(Dashed):
    """One row of the decision list."""

    when: Criterion
    class_: Classification = Field(alias="class")
    reason: str = ""
    decisions: tuple[str, ...] = ()


class ClassCard(Dashed):
    card: str
    variant: str = ""
    certainty: Certainty


class ClassificationChapter(Dashed):
    """rules/classification.yaml."""

    id: str
    term: Text
    panel: tuple[Literal["calcium", "phosphate", "kidney"], ...]
    rows: tuple[Row, ...]
    capped: Mapping[Classification, Classification]
    cards: Mapping[Classification, ClassCard]
    red_flag_variant: str
    sources: tuple[str, ...]
