"""What docs/security.md says is proved, is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (TOP / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_threat_names_one() -> None:
    table = PAGE.partition("| what could happen |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(table) > 15
    assert [row for row in table if "`tests/" not in row] == []


def test_every_reason_of_the_log_is_explained() -> None:
    sources = "".join((TOP / "cds" / "trust" / name).read_text(encoding="utf-8") for name in ("tokens.py", "gate.py"))
    reasons = set(re.findall(r'Unauthorized\(f?"([a-z-]+)', sources))
    explained = PAGE.partition("| reason in the log |")[2].partition("\n\n")[0]
    assert len(reasons) > 10
    assert [each for each in reasons if f"`{re.sub('^member-.*', 'member-…', each)}`" not in explained] == []
