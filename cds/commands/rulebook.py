"""The rules as they are written: what `cds rules list` and `cds rules show` read out.

Every outermost item of rules/ that is named (by `id`, `rule`, `concept` or `name`) is an entry. It is shown as it stands in its
file, and then read aloud as it is in force: a site's own folder may have changed or switched off what the package says.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge import CHAPTERS
from cds.reasoning.knowledge.aloud import NAMED_BY, TITLES, Part, parts

__all__ = ["Entry", "Place", "entries", "find", "in_force", "nearest"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[str, tuple[str, ...], str]
"""Which entry it is: chapter, members down to it, id. The same in the package and in a site's folder."""


class Entry(NamedTuple):
    """One item of the rules."""

    id: str
    title: Text
    """Empty where the item has no name but its id."""
    file: str
    line: int
    source: str
    """The YAML, without the indentation of its file."""
    place: Place


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


def in_force(folders: Sequence[Path]) -> Mapping[Place, Part]:
    """Every entry as the folders, laid over each other, make it; what is switched off is not there. Raises Mistakes."""
    return {(each.chapter, each.path, each.id): each for chapter in CHAPTERS for each in parts(chapter, folders)}


def nearest(wanted: str, known: Iterable[Entry]) -> str:
    """The id most like `wanted`, "" when none is."""
    ids = {entry.id.lower(): entry.id for entry in known}
    return next((ids[each] for each in difflib.get_close_matches(wanted.lower(), ids, 1, 0.5)), "")


def _read(file: Path, label: str) -> Iterator[Entry]:
    text = file.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=_LOADER)
    if root is not None:
        yield from _walk(root, (), text, label)


def _walk(node: yaml.Node, path: tuple[str, ...], text: str, label: str) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        members = {key.value: value for key, value in node.value}
        named = (members[each].value for each in NAMED_BY if isinstance(members.get(each), yaml.ScalarNode))
        if (name := next(named, None)) is not None:
            chapter = label.partition("/")[0].removesuffix(".yaml")
            line = node.start_mark.line + 1
            yield Entry(name, _title(members), label, line, _source(node, text), (chapter, path, name))
            return
        for key, value in members.items():
            yield from _walk(value, (*path, key), text, label)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk(value, path, text, label)


def _title(members: dict[str, yaml.Node]) -> Text:
    for name in (*TITLES, "name"):
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
