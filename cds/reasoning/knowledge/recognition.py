"""The schema of rules/recognition.yaml (ACC-1 to ACC-4, ACC-7, TRG-1)."""

from __future__ import annotations

from collections.abc import Mapping

from cds.reasoning.knowledge.language import Layer
from cds.reasoning.knowledge.reading import Dashed

__all__ = ["Layer", "RecognitionChapter"]


class Trigger(Dashed):
    by_code: Mapping[str, Layer]
    by_form: Mapping[str, Layer]
    never_in: tuple[str, ...]


class Pregnancy(Dashed):
    concept: str
    code_days: int
    status_days: int


class RecognitionChapter(Dashed):
    """rules/recognition.yaml."""

    strong_in_reports: frozenset[str]
    coded_only: frozenset[str]
    """Value sets of which only a code speaks: concepts without words in rules/terms."""
    trigger: Trigger
    pregnancy: Pregnancy
