"""Writes what is generated in the documentation (`make docs`): docs/coverage.md, and every kept block.

A kept block stands between `<!-- kept: KIND ARGUMENTS -->` and `<!-- /kept -->`:

- `run cds evaluate …`: the command and what it prints.
- `card STORY SERVICE CARD [LANGUAGE]`: a card of a story, as a clinician sees it.
- `burden …`: how often the service of orders speaks on the test data (scripts/burden.py).

A test fails when a block is not current, so that nothing shown is ever untrue.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scripts import burden, coverage

__all__ = ["current", "documents"]

_TOP = Path(__file__).parents[1]
_FINGERPRINT = re.compile(r"(?<=\d\+)[0-9a-f]{12}\b")
"""Of the rules: every change of a rule changes it."""

_KEPT = re.compile(r"(<!-- kept: (\w+) (.+?) -->\n).*?(<!-- /kept -->)", re.DOTALL)


def documents() -> list[Path]:
    """Every page that may have kept blocks."""
    return [_TOP / "README.md", *sorted((_TOP / "docs").rglob("*.md")), _TOP / "rules" / "README.md"]


def current(page: Path) -> str:
    """`page` as it should be: generated, or with its kept blocks run again."""
    if page == _TOP / "docs" / "coverage.md":
        return coverage.page()
    return _KEPT.sub(_kept, page.read_text(encoding="utf-8"))


def _kept(found: re.Match[str]) -> str:
    start, kind, arguments, end = found.groups()
    return start + _KINDS[kind](shlex.split(arguments)) + end


def _run(arguments: list[str]) -> str:
    """What a command prints, on a terminal of 100 columns without colours."""
    assert arguments[0] == "cds"
    shown = subprocess.run(  # noqa: S603 - a command of our own pages
        [sys.executable, "-m", *arguments],
        cwd=_TOP,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    lines = [_FINGERPRINT.sub("…", line.rstrip()) for line in shown.splitlines()]
    return "\n".join(["```console", f"$ {shlex.join(arguments)}", *lines, "```", ""])


def _card(arguments: list[str]) -> str:
    """A card as a clinician sees it, quoted."""
    story, service, identifier, language = [*arguments, "en"][:4]
    file = "response.json" if language == "en" else f"response.{language}.json"
    told = json.loads((_TOP / "tests" / "stories" / story / file).read_text(encoding="utf-8"))
    card = next(each for each in told[service]["cards"] if each["source"]["topic"]["code"] == identifier)
    lines = [
        f"**{card['summary']}** ({card['indicator']}, {card['source']['label']})",
        "",
        *card["detail"].splitlines(),
    ]
    for suggestion in card.get("suggestions", []):
        lines += ["", f"`[ {suggestion['label']} ]`"]
    return "\n".join(f"> {line}".rstrip() for line in lines) + "\n"


_KINDS: dict[str, Callable[[list[str]], str]] = {
    "run": _run,
    "card": _card,
    "burden": lambda _: burden.table(),
}


def main() -> None:
    for page in {*documents(), _TOP / "docs" / "coverage.md"}:
        page.write_text(current(page), encoding="utf-8")


if __name__ == "__main__":
    main()
