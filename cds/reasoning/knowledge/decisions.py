"""rules/decisions: how open points of the source document were closed (section 0)."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Strict

__all__ = ["Decision", "Decisions"]


class Decision(Strict):
    """One decision. Grade E needs the signature of a clinician before clinical use."""

    id: str
    question: Text
    decision: Text
    grade: Literal["S", "G", "L", "E", "S/E", "S/L", "L/E", "G/L", "G/E"]


class Decisions(Strict):
    """The chapter rules/decisions."""

    decisions: tuple[Decision, ...]

    @cached_property
    def by_id(self) -> dict[str, Decision]:
        return {each.id: each for each in self.decisions}
