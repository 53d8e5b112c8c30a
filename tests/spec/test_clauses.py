"""Every clause of docs/protocol.md has a test that carries its number, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
LETTERS = {"D": 6, "R": 8, "C": 9, "F": 3, "S": 9}
CLAUSES = {f"{letter}{number}" for letter, last in LETTERS.items() for number in range(1, last + 1)}


def test_every_clause_is_proven() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in HERE.glob("test_*.py"))
    assert set(re.findall(r'^@pytest\.mark\.clause\("(\w+)"\)', sources, re.MULTILINE)) == CLAUSES


def test_every_clause_is_written() -> None:
    page = (HERE.parents[1] / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert re.findall(r"^- \*\*(\w\d)\*\* ", page, re.MULTILINE) == sorted(
        CLAUSES, key=lambda each: ("".join(LETTERS).index(each[0]), each)
    )
