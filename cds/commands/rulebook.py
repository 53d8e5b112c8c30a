"""The rules as they are written: what `cds rules list` and `cds rules show` read out.

Every outermost item of rules/ that has an `id` is an entry. It is shown as it stands in its file: the YAML is meant to be read,
and carries its words in both languages.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from cds.reasoning.conclusions import Text

__all__ = ["Entry", "entries", "find", "nearest"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TITLES = ("topic", "term", "title", "text", "name")
"""Members that name an entry, best first."""


class Entry(NamedTuple):
    """One item of the rules."""

    id: str
    title: Text
    """Empty where the item has no name but its id."""
    file: str
    line: int
    source: str
    """The YAML, without the indentation of its file."""


def entries(folders: Iterable[Path]) -> Sequence[Entry]:
    """Every entry of every folder, as the files order them. Raises OSError and yaml.YAMLError: check first."""
    return [
        entry
        for folder in folders
        for file in sorted(folder.rglob("*.yaml"))
        for entry in _read(file, file.relative_to(folder).as_posix())
    ]


def find(wanted: str, known: Iterable[Entry]) -> Sequence[Entry]:
    """The entries with the id `wanted`, in any case; where there is none, those that speak of it (`CAL-4`)."""
    known = list(known)
    same = [entry for entry in known if entry.id.lower() == wanted.lower()]
    word = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", re.IGNORECASE)
    return same or [entry for entry in known if word.search(entry.source)]


def nearest(wanted: str, known: Iterable[Entry]) -> str:
    """The id most like `wanted`, "" when none is."""
    ids = {entry.id.lower(): entry.id for entry in known}
    return next((ids[each] for each in difflib.get_close_matches(wanted.lower(), ids, 1, 0.5)), "")


def _read(file: Path, label: str) -> Iterator[Entry]:
    text = file.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=_LOADER)
    if root is not None:
        yield from _walk(root, text, label)


def _walk(node: yaml.Node, text: str, label: str) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        members = {key.value: value for key, value in node.value}
        if isinstance(members.get("id"), yaml.ScalarNode):
            yield Entry(members["id"].value, _title(members), label, node.start_mark.line + 1, _source(node, text))
            return
        for value in members.values():
            yield from _walk(value, text, label)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk(value, text, label)


def _title(members: dict[str, yaml.Node]) -> Text:
    for name in _TITLES:
        value = members.get(name)
        if isinstance(value, yaml.ScalarNode):
            return Text(value.value, value.value)
        if isinstance(value, yaml.MappingNode):
            words = {key.value: word.value for key, word in value.value if isinstance(word, yaml.ScalarNode)}
            if words.keys() >= {"en", "fr"}:
                return Text(words["en"], words["fr"])
    return Text("", "")


def _source(node: yaml.Node, text: str) -> str:
    start = node.start_mark
    lines = text[start.index - start.column : node.end_mark.index].rstrip().splitlines()
    first = " " * start.column + lines[0][start.column :]
    return "\n".join(line[start.column :] if not line[: start.column].strip() else line for line in [first, *lines[1:]])
