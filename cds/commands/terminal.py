"""Markdown of our own making on a terminal: colour for urgency, columns as wide as what stands in them.

Rich lays out Markdown too, but gives every column of a table the same width and cuts references short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from cds.commands.printing import unescaped

__all__ = ["show"]

_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[|\s:-]+")
_INLINE = re.compile(r"\*\*(?P<bold>.+?)\*\*|(?<!\\)\*(?P<italic>[^*]+)\*|`(?P<cyan>[^`]+)`")
_URGENT = re.compile(r"CRITI(CAL|QUE)\b")
_WARNING = re.compile(r"(Warning|Alerte)\b")


def show(markdown: str, console: Console) -> None:
    """Print `markdown` to a terminal; without colour where the console has none (NO_COLOR)."""
    for block in _blocks(markdown.splitlines()):
        console.print(block)


def _blocks(lines: Sequence[str]) -> Iterator[RenderableType]:
    for is_table, group in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            yield _table(list(group))
        else:
            yield from map(_line, group)


def _line(line: str) -> Text:
    if line.startswith("# "):
        return _styled(line[2:], "bold underline")
    if line.startswith("## "):
        title = line[3:]
        colour = "red" if _URGENT.match(title) else "yellow" if _WARNING.match(title) else "cyan"
        return _styled(title, f"bold {colour}")
    return _styled(line)


def _styled(line: str, style: str = "") -> Text:
    text = Text(style=style)
    end = 0
    for found in _INLINE.finditer(line):
        text.append(unescaped(line[end : found.start()]))
        text.append(unescaped(found[found.lastgroup or 0]), style=found.lastgroup)
        end = found.end()
    return text.append(unescaped(line[end:]))


def _table(lines: Sequence[str]) -> Table:
    head, *rows = (_cells(line) for line in lines if not _RULE.fullmatch(line))
    table = Table(*head, box=box.SIMPLE, header_style="bold", pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*map(_styled, row))
    return table


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL.split(line)[1:-1]]
