"""docs/reading.md says what is read and why something is refused, as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from cds.consult import knowledge_folders
from cds.fhir.resources import READ, OperationOutcome, Resource
from cds.hooks.services import FHIR_VERSIONS
from cds.reasoning.chart import Reason
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.wording import Wording

PAGE = (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| .+ \|$", re.MULTILINE)
IMPLIED = {"id", "meta", "subject", "patient"}
"""Of every resource."""


def test_every_reason_has_its_line() -> None:
    """A new reason is a member of `Reason` (mypy sees to that), and then of this table and of rules/wording.yaml."""
    assert ROW.findall(PAGE) == sorted(get_args(Reason))


def test_every_reason_has_its_words() -> None:
    wording = read_chapter(Wording, "wording", list(knowledge_folders(None)))
    assert set(wording.not_used) == set(get_args(Reason))


@pytest.mark.parametrize(
    "kind", [each for each in READ if each is not OperationOutcome], ids=lambda kind: kind.__name__
)
def test_every_member_that_is_read_is_listed(kind: type[Resource]) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and kind.__name__ in line]
    listed = set(re.findall(r"`(\w+)`", " ".join(rows)))
    inherited = (
        {
            each.encode_name
            for base in kind.__mro__[1:]
            if issubclass(base, Resource)
            for each in msgspec.structs.fields(base)
        }
        if kind.__base__ in READ
        else set()
    )
    read = {each.encode_name for each in msgspec.structs.fields(kind)} - IMPLIED - inherited
    assert read <= listed


@pytest.mark.parametrize("version", FHIR_VERSIONS)
def test_every_version_is_listed(version: str) -> None:
    assert version in PAGE
