"""Criteria as they stand in rules/: questions joined by all, any and not.

A criterion is a mapping with one member: `all` or `any` with a list of criteria, `not` with one, or a question with
the answer that counts. Here it is only read and read aloud; what a question means for a patient is the business of
`cds.reasoning.questions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import CoreSchema, core_schema

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.nearest import did_you_mean
from cds.reasoning.knowledge.vocabulary import ANSWERS, VOCABULARY

__all__ = ["Criterion", "parse"]


class Criterion:
    """A criterion that was read: it can be asked (`cds.reasoning.questions.ask`) and read aloud."""

    __slots__ = ("argument", "compiled", "kind", "parts", "written")

    def __init__(self, kind: str, parts: Sequence[Criterion] = (), argument: Any = None, written: Any = None) -> None:
        self.kind = kind
        """"all", "any", "not", or a word of the vocabulary."""
        self.parts = tuple(parts)
        self.argument = argument
        self.written = written
        self.compiled: Callable[..., Any] | None = None
        """The function that it became when it was first asked; see `cds.reasoning.questions`."""

    def words(self, language: str, names: Mapping[str, Text] | None = None) -> str:
        """The criterion read aloud. `names`: what concepts and tests are called (`Knowledge.names`)."""
        if self.kind == "not":
            return ("non : " if language == "fr" else "not: ") + self.parts[0].words(language, names)
        if self.parts:
            joint = {"all": (" and ", " et "), "any": (" or ", " ou ")}[self.kind][language == "fr"]
            return "(" + joint.join(part.words(language, names) for part in self.parts) + ")"
        said = _said(self.written, language, {**ANSWERS, **(names or {})})
        return VOCABULARY[self.kind].says.in_(language).format(said)

    def leaves(self) -> Iterator[Criterion]:
        """Its questions, in order."""
        if self.parts:
            for part in self.parts:
                yield from part.leaves()
        else:
            yield self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """A member of a schema of rules/ is parsed from its YAML."""
        del source, handler
        return core_schema.no_info_plain_validator_function(parse)


def parse(raw: Any) -> Criterion:
    """Read a criterion as it stands in YAML. Raises ValueError with the nearest right name."""
    if isinstance(raw, Criterion):
        return raw
    if not isinstance(raw, dict) or len(raw) != 1:
        raise ValueError("a criterion is one question, or all, any or not")
    ((name, argument),) = raw.items()
    if name in ("all", "any"):
        if not isinstance(argument, list) or not argument:
            raise ValueError(f"'{name}' takes a list of criteria")
        return Criterion(name, [parse(each) for each in argument])
    if name == "not":
        return Criterion(name, [parse(argument)])
    word = VOCABULARY.get(name)
    if word is None:
        raise ValueError(f"'{name}' is not a question{did_you_mean(name, VOCABULARY)}")
    return Criterion(name, (), word.read(argument), argument)


def _said(written: Any, language: str, names: Mapping[str, Text]) -> str:
    if isinstance(written, dict):
        members = {key: _said(value, language, names) for key, value in written.items()}
        first = [members.pop("id")] if "id" in members else []
        return " ".join([*first, *(f"{_named(key, language, names)} {value}" for key, value in members.items())])
    if isinstance(written, list | tuple):
        return (" ou " if language == "fr" else " or ").join(_named(str(each), language, names) for each in written)
    return _named(str(written), language, names)


def _named(word: str, language: str, names: Mapping[str, Text]) -> str:
    return names[word].in_(language) if word in names else word
