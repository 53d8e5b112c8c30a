"""How long a card stays silent (PIT-19, decision 0040)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds.data import folder
from cds.reasoning.knowledge.reading import Mistakes, read_chapter
from cds.reasoning.knowledge.suppression import Suppression

CHAPTER = read_chapter(Suppression, "suppression", [folder("rules")])


@pytest.mark.parametrize(
    ("card", "indicator", "outcome", "reason", "days"),
    [
        ("C-PHPT", "warning", "accepted", "", 30),
        ("C-PHPT", "warning", "overridden", "already-known", 30),
        ("C-PHPT", "warning", "overridden", "data-wrong", 7),
        ("C-PHPT", "warning", "overridden", "", 0),
        ("C-DDX", "info", "overridden", "", 30),
        ("C-FORM", "info", "overridden", "", 180),
        ("C-FORM", "info", "accepted", "", 180),
        ("C-FORM", "info", "overridden", "data-wrong", 7),
        ("C-CALCIPH", "critical", "overridden", "already-known", 0),
        ("C-CALCIPH", "critical", "accepted", "", 0),
    ],
)
def test_days(card: str, indicator: str, outcome: str, reason: str, days: int) -> None:
    assert CHAPTER.days(card, indicator, outcome, reason) == days


def test_the_longest_and_the_limits(tmp_path: Path) -> None:
    assert (CHAPTER.longest, CHAPTER.times) == (180, {})
    site = "accepted: 400\nmost-a-day: [{id: C-FORM, times: 3}]\ncards: [{id: C-FORM, off: true}]\n"
    (tmp_path / "suppression.yaml").write_text(site)
    own = read_chapter(Suppression, "suppression", [folder("rules"), tmp_path])
    assert (own.longest, own.times, own.days("C-FORM", "info", "overridden", "")) == (400, {"C-FORM": 3}, 30)


@pytest.mark.parametrize(
    "text", ["accepted: -1\n", "most-a-day: [{id: C-FORM, times: 0}]\n", "reasons: [{id: x, day: 1}]\n"]
)
def test_what_cannot_be_meant_is_a_mistake(tmp_path: Path, text: str) -> None:
    (tmp_path / "suppression.yaml").write_text(text)
    with pytest.raises(Mistakes):
        read_chapter(Suppression, "suppression", [folder("rules"), tmp_path])
