"""Which room may know what (invariants 1 and 2)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CDS = Path(__file__).parents[3] / "cds"
MODULES = sorted(CDS.rglob("*.py"))

SPEAKS_HTTP = [
    path for path in MODULES if path.parent.name == "hooks" or path.name in ("app.py", "consult.py", "demo.py")
]
STATUS = re.compile(r"\bstatus(?:_code)?\s*[=:(,]\s*\d|HTTPException\(|HTTPStatus|starlette import status|HTTP_\d")


def test_the_contracts_of_pyproject_are_kept() -> None:
    """Invariant 1: reasoning knows no FHIR and no HTTP, hooks no medicine, cards no FHIR input.

    In a process of its own: it silences every logger that it finds.
    """
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=CDS.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "errors.py"], ids=lambda path: path.name)
def test_only_errors_speaks_of_status(path: Path) -> None:
    """Invariant 2."""
    assert not STATUS.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SPEAKS_HTTP, ids=lambda path: path.name)
def test_no_status_code_stands_where_http_is_spoken(path: Path) -> None:
    """Invariant 2: not even as a bare number. (Elsewhere 400 may be nmol/L.)"""
    assert not list(_numbers(path.read_text(encoding="utf-8")))


def _numbers(source: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and type(node.value) is int and 200 <= node.value <= 599:
            yield node.value


def test_the_search_for_numbers_finds_some() -> None:
    assert list(_numbers("status = 404")) == [404]
    assert STATUS.search("status_code=404")
    assert 404 in list(_numbers((CDS / "errors.py").read_text(encoding="utf-8")))
