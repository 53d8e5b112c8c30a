from __future__ import annotations

import io

import pytest
from rich.console import Console

from cds.commands.terminal import show

PAGE = """\
# Patient p_1

- **Soft-tissue calcification**: none recorded

## CRITICAL: Calcium `C-CRIT-CA-HIGH`

| Datum | Value | Record |
|---|--:|---|
| Calcium \\| total \\<b\\> | 3.6 | Observation/a-very-long-identifier-that-must-not-be-cut |

*Decision support, to be checked by a clinician.*
"""


def shown(page: str, *, colour: bool, width: int = 100) -> str:
    out = io.StringIO()
    show(page, Console(file=out, force_terminal=colour, no_color=not colour, width=width, highlight=False))
    return out.getvalue()


def test_a_table_keeps_what_stands_in_it() -> None:
    text = shown(PAGE, colour=False)
    assert "Calcium | total <b>" in text
    assert "Observation/a-very-long-identifier-that-must-not-be-cut" in text
    assert "---" not in text
    assert "*" not in text
    assert "`" not in text


def test_a_narrow_terminal_folds_and_cuts_nothing() -> None:
    text = shown(PAGE, colour=False, width=40)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 40


@pytest.mark.parametrize(
    ("word", "code"),
    [("CRITICAL", "31"), ("CRITIQUE", "31"), ("Warning", "33"), ("Alerte", "33"), ("Information", "36")],
)
def test_colour_says_how_urgent_it_is(word: str, code: str) -> None:
    assert f"\x1b[1;{code}m{word}" in shown(f"## {word}: x", colour=True)
    assert "\x1b" not in shown(f"## {word}: x", colour=False)
