"""Whole answers, in both languages, as a clinician sees them."""

from __future__ import annotations

import pytest

from tests.unit.cards.cases import CASES, answer, golden_file, shown


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", CASES)
def test_answer_reads_as_agreed(name: str, language: str) -> None:
    evaluation, service = CASES[name]
    assert shown(answer(evaluation, service, language)) == golden_file(name, language).read_text(encoding="utf-8")  # type: ignore[arg-type]
