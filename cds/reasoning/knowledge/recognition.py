"""The schema of rules/recognition.yaml (ACC-1 to ACC-4, ACC-7, TRG-1)."""

from __future__ import annotations

from collections.abc import Mapping

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.language import Layer
from cds.reasoning.knowledge.reading import Dashed, Ruled

__all__ = ["Layer", "RecognitionChapter"]


class Trigger(Ruled):
    by_code: Mapping[str, Layer]
    by_form: Mapping[str, Layer]
    never_in: tuple[str, ...]


class Pregnancy(Ruled):
    concept: str
    code_days: int
    status_days: int


class CodedOnly(Dashed):
    """A value set of which only a code speaks: a concept without words in rules/terms."""

    id: str
    term: Text


class RecognitionChapter(Dashed):
    """rules/recognition.yaml."""

    strong_in_reports: frozenset[str]
    coded_only: tuple[CodedOnly, ...]
    trigger: Trigger
    pregnancy: Pregnancy
