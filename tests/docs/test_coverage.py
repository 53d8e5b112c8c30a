"""Invariant 5: every entity of the source document is in rules/, with a case that reaches it and one that just misses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.coverage import Entry, cases, coverage

TOP = Path(__file__).parents[2]
ENTRIES = coverage().entries
CASES = cases()
KNOWLEDGE = "\n".join(
    file.read_text(encoding="utf-8")
    for folder in ("rules", "cds")
    for file in sorted((TOP / folder).rglob("*"))
    if file.suffix in {".yaml", ".py"} and file.name != "coverage.yaml"
)
VALUE_SETS = {file.stem for file in (TOP / "profiles" / "valuesets").rglob("*.json")}


def test_every_row_is_here_in_order() -> None:
    assert [entry.row for entry in ENTRIES] == list(range(1, 96))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"row-{entry.row}")
def test_is_in_the_knowledge_and_has_its_cases(entry: Entry) -> None:
    assert [each for each in entry.reached_by + entry.just_missed_by if each not in CASES] == []
    assert [rule for rule in entry.rules if not re.search(rf"\b{rule}\b", KNOWLEDGE)] == []
    assert [concept for concept in entry.concepts if concept not in KNOWLEDGE and concept not in VALUE_SETS] == []


def test_every_boundary_case_belongs_to_a_row() -> None:
    used = {each for entry in ENTRIES for each in entry.reached_by + entry.just_missed_by}
    assert {case for case in CASES if not case.startswith("V-")} <= used
