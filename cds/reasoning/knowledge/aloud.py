"""An entry of rules/ read aloud, in one language: generated from the data, so that it can say nothing else.

A clinician reads `MET-PHPT` or `ORD-1` in sentences; `cds rules show` prints them below the YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.criteria import number, parse
from cds.reasoning.knowledge.members import MEMBERS, Member
from cds.reasoning.knowledge.names import Names
from cds.reasoning.knowledge.reading import plain_chapter

__all__ = ["NAMED_BY", "TITLES", "Part", "parts", "read_aloud"]

NAMED_BY = ("id", "rule", "concept", "name")
"""Members that make a mapping an entry, best first: the value names it."""

TITLES = ("topic", "term", "title", "text")
"""Members that say what an entry is called, best first."""


class Part(NamedTuple):
    """An entry as it is in force: of a chapter, at the members `path`, under an id."""

    chapter: str
    path: tuple[str, ...]
    id: str
    data: Mapping[str, Any]


def parts(chapter: str, folders: Sequence[Path]) -> Iterator[Part]:
    """Every entry of a chapter, a site's folder laid over the package's. Raises Mistakes."""
    yield from _walk(chapter, (), plain_chapter(chapter, folders))


def _walk(chapter: str, path: tuple[str, ...], data: Any) -> Iterator[Part]:
    if isinstance(data, Mapping):
        name = next((data[each] for each in NAMED_BY if isinstance(data.get(each), str)), None)
        if name is not None:
            yield Part(chapter, path, name, data)
        else:
            for member, value in data.items():
                yield from _walk(chapter, (*path, member), value)
    elif isinstance(data, list):
        for each in data:
            yield from _walk(chapter, path, each)


def read_aloud(part: Part, names: Names, language: str) -> str:
    """The entry in words, one line for each thing that it says. Raises LookupError where one has no words."""
    reader = _Reader(part.chapter, names, language)
    title = next((each for each in TITLES if _is_text(part.data.get(each))), None)
    named_by = next(each for each in NAMED_BY if part.data.get(each) == part.id)
    head = part.id if title is None else f"{part.id}{reader.colon}{part.data[title][language]}"
    rest = {name: value for name, value in part.data.items() if name not in (named_by, title)}
    lines = reader.members(rest, part.path[-1] if part.path else "")
    return "\n".join([head, *("  " * depth + "- " + line for depth, line in lines)])


Line = tuple[int, str]


class _Reader:
    """Reads the values of one chapter in one language."""

    def __init__(self, chapter: str, names: Names, language: str) -> None:
        self._chapter = chapter
        self._names = names
        self._language = language
        self.colon = " : " if language == "fr" else ": "

    def members(self, data: Mapping[str, Any], parent: str) -> Iterator[Line]:
        """Each member of a mapping."""
        for name, value in data.items():
            if name in ("en", "fr") and isinstance(value, str):
                if name == self._language and value:
                    yield 0, value
            elif value not in ("", [], {}, None) and (name != "id" or f"{parent}.id" in MEMBERS):
                yield from self._member(name, value, parent)

    def _member(self, name: str, value: Any, parent: str) -> Iterator[Line]:
        member = self._words(name, parent)
        says = member.says.in_(self._language)
        if value is True:
            yield 0, says
        else:
            yield from self._said(says, list(self._value(value, member, name)))

    def _said(self, says: str, lines: Sequence[Line]) -> Iterator[Line]:
        """`says` before what stands right of it: in one line, or above."""
        if not lines:
            return
        (_, first), *rest = lines
        if "{}" in says and not rest:
            yield 0, _one_day(says) if first == "1" else says.format(first)
        elif all(depth for depth, _ in rest):
            yield 0, f"{says}{self.colon}{first}" if says else first
            yield from rest
        else:
            yield 0, (says + self.colon).rstrip()
            yield from ((depth + 1, line) for depth, line in lines)

    def _words(self, name: str, parent: str) -> Member:
        for key in (f"{parent}.{name}", f"{self._chapter}:{name}", name):
            if (found := MEMBERS.get(key)) is not None:
                return found
        raise LookupError(f"the member {name!r} of {self._chapter} has no words")

    def _value(self, value: Any, member: Member, name: str) -> Iterator[Line]:
        if member.of == "criterion" and not member.keys:
            yield from parse(value).outline(self._language, self._names)
        elif _is_text(value):
            yield 0, value[self._language]
        elif isinstance(value, Mapping):
            yield from self._keyed(value, member, name) if member.keys else self.members(value, name)
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            yield from self._items(value, member, name)
        elif isinstance(value, list):
            yield 0, self._joint(value, member)
        else:
            yield 0, self._scalar(value, member)

    def _keyed(self, value: Mapping[str, Any], member: Member, name: str) -> Iterator[Line]:
        """A mapping whose keys are names."""
        for key, each in value.items():
            said = self._scalar(key, member._replace(of=member.keys))
            yield from self._said(said, list(self._value(each, member._replace(keys=""), name)))

    def _items(self, value: Sequence[Any], member: Member, name: str) -> Iterator[Line]:
        """A list of mappings: each stands under its first line."""
        for each in value:
            if not isinstance(each, Mapping) or _is_text(each):
                yield from self._value(each, member, name)
                continue
            for place, (depth, line) in enumerate(self.members(each, name)):
                yield depth + bool(place), line

    def _joint(self, value: Sequence[Any], member: Member) -> str:
        said = [self._joint(each, member) if isinstance(each, list) else self._scalar(each, member) for each in value]
        if member.of == "range":
            return Text(" to ", " à ").in_(self._language).join(dict.fromkeys(said))
        return Text("; ", " ; ").in_(self._language).join(said)

    def _scalar(self, value: Any, member: Member) -> str:
        if isinstance(value, bool):
            return Text("yes", "oui").in_(self._language) if value else Text("no", "non").in_(self._language)
        if isinstance(value, int | float):
            return number(value, self._language)
        if value.endswith(" d") and value[:-2].isdigit():
            return f"{value[:-2]} " + Text("days", "jours").in_(self._language)
        if member.of in ("written", "plain"):
            return value if member.of == "plain" else f"« {value} »"
        text = self._names.called(value, member.of + " answer literal")
        if text is None:
            raise LookupError(f"{value!r} of {self._chapter} has no words")
        return text.in_(self._language)


def _one_day(says: str) -> str:
    return says.format(1).replace("1 days", "1 day").replace("1 jours", "1 jour")


def _is_text(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"en", "fr"}
        and all(isinstance(each, str) for each in value.values())
    )
