"""Reading YAML chapters strictly: a mistake is reported with file, line and the nearest right name.

A chapter is one YAML file, or a folder of files that are laid one after the other. A site's own folder is laid over
the package's: mappings are merged member by member, lists whose items have an `id` are merged item by item (an item
with an unknown id is added), everything else is replaced, a criterion by another question too. `off: true` switches an item off.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.nearest import did_you_mean

if TYPE_CHECKING:
    from yaml import SafeLoader as _SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads ten times as fast, where it is there

__all__ = ["Dashed", "Mistake", "Mistakes", "Ruled", "Strict", "lines_of", "plain_chapter", "read_chapter"]

Node = yaml.Node
M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Base of every schema of rules/: unknown members are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=False)


def _dashed(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class Dashed(Strict):
    """A schema whose members are written with dashes in YAML; a trailing underscore keeps clear of Python's words."""

    model_config = ConfigDict(alias_generator=_dashed, arbitrary_types_allowed=True)


class Ruled(Dashed):
    """A part of a chapter that is a rule of its own."""

    rule: str
    """The id of the rule, such as CAL-4."""
    term: Text


class Mistake(NamedTuple):
    """One thing wrong with the knowledge, where it stands, and the nearest right name where there is one."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class Mistakes(Exception):  # noqa: N818 - it is a list of mistakes, `cds.errors` turns it into a KnowledgeError
    """Everything that is wrong with a folder of knowledge."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


class _Loader(_SafeLoader):
    """YAML with the booleans of its version 1.2 only: `no`, `off` and `on` are words, as a clinician means them."""

    @classmethod
    def construct(cls, node: Node) -> Any:
        return cls("").construct_object(node, deep=True)


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read_chapter(model: type[M], name: str, folders: Iterable[Path]) -> M:
    """The chapter `name` (a file `name`.yaml or a folder `name`/ of YAML files) of the first folder, with the same
    chapter of each further folder laid over it.

    Raises Mistakes with everything that is wrong.
    """
    merged = _merged(name, folders)
    try:
        return model.model_validate(_plain(merged))
    except ValidationError as error:
        raise Mistakes([_mistake(each, merged, model) for each in error.errors(include_url=False)]) from None


def plain_chapter(name: str, folders: Iterable[Path]) -> Any:
    """The same chapter as it stands in YAML, laid over and switched off, but not judged. Raises Mistakes."""
    return _plain(_merged(name, folders))


def _merged(name: str, folders: Iterable[Path]) -> Node:
    merged: Node | None = None
    for folder in folders:
        for file in _files(folder, name):
            node = _compose(file, folder)
            if node is not None:
                merged = node if merged is None else _lay(merged, node)
    if merged is None:
        raise Mistakes([Mistake(f"{name}.yaml", 1, "this chapter is missing")])
    return _switched_on(merged)


def lines_of(word: str, name: str, folders: Iterable[Path]) -> list[tuple[str, int]]:
    """(file, line) of every place where `word` stands as a value or key in the chapter `name`."""
    return [
        (scalar.start_mark.name, scalar.start_mark.line + 1)
        for folder in folders
        for file in _files(folder, name)
        if (node := _compose(file, folder)) is not None
        for scalar in _scalars(node)
        if scalar.value == word
    ]


def _scalars(node: Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    else:
        for each in node.value:
            for part in each if isinstance(each, tuple) else (each,):
                yield from _scalars(part)


def _files(folder: Path, name: str) -> list[Path]:
    single = folder / f"{name}.yaml"
    return [single] if single.is_file() else sorted((folder / name).glob("*.yaml"))


class _Named(io.StringIO):
    """The text of a file, under the name that marks carry."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


def _compose(file: Path, folder: Path) -> Node | None:
    label = file.relative_to(folder).as_posix()
    try:
        node = _Loader(_Named(file.read_text(encoding="utf-8"), label)).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Mistakes([Mistake(label, line, error.problem or "not YAML")]) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Mistakes([Mistake(label, 1, "not YAML in UTF-8")]) from None
    if node is not None:
        twice = list(_repeated_keys(node))
        if twice:
            raise Mistakes(twice)
    return node


def _repeated_keys(node: Node) -> Iterator[Mistake]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield Mistake(key.start_mark.name, key.start_mark.line + 1, f"'{key.value}' stands twice")
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)


def _lay(below: Node, above: Node) -> Node:
    if isinstance(below, yaml.MappingNode) and isinstance(above, yaml.MappingNode):
        if _is_another_question(below, above):
            return above
        members = {key.value: (key, value) for key, value in below.value}
        for key, value in above.value:
            old = members.get(key.value)
            members[key.value] = (key, _lay(old[1], value) if old else value)
        return yaml.MappingNode(below.tag, list(members.values()), below.start_mark, below.end_mark)
    if isinstance(below, yaml.SequenceNode) and isinstance(above, yaml.SequenceNode):
        ids = [_id(item) for item in above.value]
        if above.value and all(ids):
            items = {_id(item) or str(place): item for place, item in enumerate(below.value)}
            for name, item in zip(ids, above.value, strict=True):
                assert name is not None
                items[name] = _lay(items[name], item) if name in items else item
            return yaml.SequenceNode(below.tag, list(items.values()), below.start_mark, below.end_mark)
    return above


def _is_another_question(below: yaml.MappingNode, above: yaml.MappingNode) -> bool:
    """A criterion has one member: another one replaces it, two questions side by side would be neither."""
    return len(below.value) == len(above.value) == 1 and below.value[0][0].value != above.value[0][0].value


def _id(node: Node) -> str | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return None


def _switched_on(node: Node) -> Node:
    """`node` without the list items that say `off: true`."""
    if isinstance(node, yaml.SequenceNode):
        items = [_switched_on(item) for item in node.value if not _is_off(item)]
        return yaml.SequenceNode(node.tag, items, node.start_mark, node.end_mark)
    if isinstance(node, yaml.MappingNode):
        members = [(key, _switched_on(value)) for key, value in node.value]
        return yaml.MappingNode(node.tag, members, node.start_mark, node.end_mark)
    return node


def _is_off(node: Node) -> bool:
    return isinstance(node, yaml.MappingNode) and any(
        key.value == "off" and value.value == "true" for key, value in node.value
    )


def _plain(node: Node) -> Any:
    return _Loader.construct(node)


def _mistake(error: Any, root: Node, model: type[BaseModel]) -> Mistake:
    location = error["loc"]
    node = _find(root, location)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        names = _names_at(model, location[:-1])
        message = f"'{location[-1]}' is not known here{did_you_mean(location[-1], names)}"
    elif error["type"] == "literal_error":
        expected = str(error["ctx"]["expected"])
        allowed = expected.replace("'", "").replace(" or ", ", ").split(", ")
        message = f"'{error['input']}' is not one of {expected}{did_you_mean(error['input'], allowed, 0.4)}"
    elif error["type"] == "missing":
        message = f"'{location[-1]}' is missing"
    path = ".".join(str(part) for part in location)
    return Mistake(node.start_mark.name, node.start_mark.line + 1, f"{path}: {message}")


def _find(root: Node, location: Sequence[str | int]) -> Node:
    """The deepest node on the way to `location`; a key's own node where the mistake is the key."""
    node = root
    for part in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node = value if not isinstance(value, yaml.ScalarNode) else key
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
    return node


def _names_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The member names of every schema below `model`: near enough to find the nearest right one."""
    del location
    names: set[str] = set()
    waiting: list[Any] = [model]
    seen: set[Any] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and issubclass(each, BaseModel):
            if each in seen:
                continue
            seen.add(each)
            for name, field in each.model_fields.items():
                names.add(field.alias or name)
                waiting.append(field.annotation)
        else:
            waiting.extend(getattr(each, "__args__", ()))
    return sorted(names)
