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
from cds.reasoning.knowledge.names import Names
from cds.reasoning.knowledge.nearest import did_you_mean
from cds.reasoning.knowledge.vocabulary import ANSWERS, BOUNDS, VOCABULARY

__all__ = ["Criterion", "number", "parse"]


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

    def words(self, language: str, names: Names) -> str:
        """The criterion read aloud in one line."""
        if self.kind == "not":
            return ("non : " if language == "fr" else "not: ") + self.parts[0].words(language, names)
        if self.parts:
            joint = {"all": (" and ", " et "), "any": (" or ", " ou ")}[self.kind][language == "fr"]
            return "(" + joint.join(part.words(language, names) for part in self.parts) + ")"
        word = VOCABULARY[self.kind]
        return word.says.in_(language).format(_said(self.written, language, names, word.of))

    def outline(self, language: str, names: Names) -> Iterator[tuple[int, str]]:
        """The criterion read aloud line by line, each with how deep it stands."""
        if self.kind == "not" and not self.parts[0].parts:
            yield 0, self.words(language, names)
        elif self.parts:
            yield 0, _JOINTS[self.kind].in_(language)
            yield from ((depth + 1, line) for part in self.parts for depth, line in part.outline(language, names))
        else:
            yield 0, self.words(language, names)

    def lines(self, language: str, names: Names) -> str:
        """The criterion read aloud as a list in Markdown below its first line."""
        (_, first), *rest = self.outline(language, names)
        return "\n".join([first, *("  " * (depth - 1) + "- " + line for depth, line in rest)])

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


_JOINTS = {
    "all": Text("all of these:", "toutes ces conditions :"),
    "any": Text("one of these:", "une de ces conditions :"),
    "not": Text("not:", "non :"),
}


def _said(written: Any, language: str, names: Names, of: str) -> str:
    if isinstance(written, dict):
        return _compared(written, language, names, of)
    if isinstance(written, bool):
        return ANSWERS["yes" if written else "no"].in_(language)
    if isinstance(written, list | tuple):
        return (" ou " if language == "fr" else " or ").join(_said(each, language, names, of) for each in written)
    if isinstance(written, int | float):
        return number(written, language)
    text = names.called(written, of) or ANSWERS.get(written)
    return f"« {written} »" if text is None else text.in_(language)


def _compared(written: Mapping[str, Any], language: str, names: Names, of: str) -> str:
    """A number, or a test and a number, or the limits of a total and an ionised calcium."""
    french = language == "fr"
    test = str(written.get("id", ""))
    parts = [_said(test, language, names, of)] if test else []
    for kind, limit in written.items():
        if kind in BOUNDS:
            limits = (" à " if french else " to ").join(
                number(each, language) for each in (limit if isinstance(limit, list) else [limit])
            )
            unit = names.units.get(test, _NO_UNIT).in_(language)
            parts.append(f"{BOUNDS[kind].in_(language)} {limits} {unit}".strip())
        elif kind == "is":
            parts.append((": valeur " if french else "is ") + _said(limit, language, names, "answer"))
        elif kind == "days":
            parts.append(f"(datant de {limit} jours au plus)" if french else f"(at most {limit} days old)")
        elif kind == "days-apart":
            parts.append(str(limit))
        elif kind != "id":
            parts.append(f"{_CALCIUM[kind].in_(language)} {number(limit, language)} mmol/L")
    return " ".join(parts)


_NO_UNIT = Text("", "")
_CALCIUM = {"total": Text("total", "totale"), "ionised": Text("ionised", "ionisée")}


def number(value: float, language: str) -> str:
    """A number as a rule writes it, with the decimal sign of the language."""
    written = f"{value:g}"
    return written.replace(".", ",") if language == "fr" else written
