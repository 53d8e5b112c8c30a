"""The coverage table of the source document: rules/coverage.yaml becomes docs/coverage.md (`make docs`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cds.reasoning.knowledge.reading import Strict, read_chapter

__all__ = ["CASES", "Chapter", "Coverage", "Entry", "cases", "coverage", "page"]

_TOP = Path(__file__).parents[1]
CASES = _TOP / "tests" / "rules"


class Entry(Strict):
    """One entity, fact or distinction of the source document."""

    row: int
    source: str
    """Its own words, verbatim between « »."""
    rules: tuple[str, ...] = Field(min_length=1)
    concepts: tuple[str, ...] = ()
    note: str = ""
    reached_by: tuple[str, ...] = Field(alias="reached-by", min_length=1)
    just_missed_by: tuple[str, ...] = Field(alias="just-missed-by", min_length=1)


class Chapter(Strict):
    """A chapter of the source document."""

    chapter: str
    entries: tuple[Entry, ...]


class Coverage(Strict):
    """rules/coverage.yaml."""

    chapters: tuple[Chapter, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for chapter in self.chapters for entry in chapter.entries)


def coverage() -> Coverage:
    """rules/coverage.yaml, read strictly."""
    return read_chapter(Coverage, "coverage", [_TOP / "rules"])


def cases() -> dict[str, Path]:
    """Where every vignette and case stands."""
    found = {}
    for folder in ("vignettes", "cases"):
        for file in sorted((CASES / folder).rglob("*.yaml")):
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("id: "):
                    found[line.removeprefix("id: ")] = file
    return found


_INTRODUCTION = """# Coverage of the source document

Written by `make docs` from [rules/coverage.yaml](../rules/coverage.yaml); a test fails when it is not current.

Every entity, fact and distinction of the source document, in its order and in its own words (French, between « »), with
the rules and concepts that cover it, and cases that reach it or just miss it. `V-…` are the clinical vignettes,
`R…` and `M…` the boundary cases that reach or miss the row of their number; all of them run through the real HTTP
endpoints.
"""


def page() -> str:
    """docs/coverage.md."""
    places = cases()
    parts = [_INTRODUCTION]
    for chapter in coverage().chapters:
        parts.append(
            f"\n## {chapter.chapter}\n\n| # | source document | rules | concepts | reached by | just missed by |"
        )
        parts.append("|---|---|---|---|---|---|")
        parts += [_row(entry, places) for entry in chapter.entries]
    return "\n".join(parts) + "\n"


def _row(entry: Entry, places: dict[str, Path]) -> str:
    source = entry.source.replace("|", "\\|") + (f" *({entry.note})*" if entry.note else "")
    cells = [
        str(entry.row),
        source,
        ", ".join(entry.rules),
        ", ".join(entry.concepts) or "–",
        ", ".join(_link(each, places) for each in entry.reached_by),
        ", ".join(_link(each, places) for each in entry.just_missed_by),
    ]
    return "| " + " | ".join(cells) + " |"


def _link(case: str, places: dict[str, Path]) -> str:
    return f"[{case}](../{places[case].relative_to(_TOP).as_posix()})"
