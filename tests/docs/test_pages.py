"""Nothing that the documentation shows is untrue: outputs, cards and tables are current, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.docs import current, documents

TOP = Path(__file__).parents[2]
PAGES = [str(page.relative_to(TOP)) for page in documents()]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES)
def test_is_current(page: str) -> None:
    assert (TOP / page).read_text(encoding="utf-8") == current(TOP / page), "run `make docs`"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (TOP / page).read_text(encoding="utf-8")
    targets = {target for target, _ in LINK.findall(text) if "://" not in target and not target.startswith("mailto:")}
    assert [each for each in targets if not ((TOP / page).parent / each).exists()] == []


def test_the_readme_has_the_two_commands() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    assert "\nmake demo\n" in readme
    assert "\nmake test\n" in readme
    assert "make test" in (TOP / ".ci" / "run").read_text(encoding="utf-8")
