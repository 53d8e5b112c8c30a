"""Criteria: questions to the facts of a patient, joined by all, any and not, in three-valued logic.

A criterion is a mapping with one member: `all` or `any` with a list of criteria, `not` with one, or a question with
what is asked for. It is compiled once into closures; asking it gives true, false or unknown, the evidence that the
answer rests on, and what is missing where it is unknown. Unknown is never false and never normal: only a question that
names `unknown` is satisfied by it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import CoreSchema, core_schema

from cds.reasoning.conclusions import Evidence, Text

if TYPE_CHECKING:
    from cds.reasoning.facts import Facts

__all__ = ["Answer", "Ask", "Criterion", "Question", "parse", "question", "questions"]


class Answer(NamedTuple):
    """true, false or unknown (None), with its evidence."""

    truth: bool | None
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    """`lab_id`s and other names of data that would decide, where the answer is unknown."""


Ask = Callable[["Facts"], Answer]


class Question(NamedTuple):
    """A word of the vocabulary."""

    name: str
    compile: Callable[[Any], Ask]
    """Takes what stands right of the colon; raises ValueError with a message for the clinician."""
    says: Text
    """"calcium is {}", for reading a rule aloud."""
    doc: str


_QUESTIONS: dict[str, Question] = {}


def question(name: str, en: str, fr: str) -> Callable[[Callable[[Any], Ask]], Callable[[Any], Ask]]:
    """Register a word of the vocabulary; its docstring is its documentation."""

    def register(function: Callable[[Any], Ask]) -> Callable[[Any], Ask]:
        _QUESTIONS[name] = Question(name, function, Text(en, fr), (function.__doc__ or "").strip())
        return function

    return register


def questions() -> tuple[Question, ...]:
    """The whole vocabulary, in the order of its definition."""
    from cds.reasoning import questions as vocabulary  # noqa: PLC0415 - the words register themselves on import

    assert vocabulary
    return tuple(_QUESTIONS.values())


class Criterion(NamedTuple):
    """A compiled criterion that can still be read aloud."""

    ask: Ask
    kind: str
    """"all", "any", "not", or the name of the question."""
    parts: tuple[Criterion, ...] = ()
    argument: Any = None

    def words(self, language: str) -> str:
        """The criterion in words."""
        if self.kind == "not":
            return ("non : " if language == "fr" else "not: ") + self.parts[0].words(language)
        if self.parts:
            joint = {"all": (" and ", " et "), "any": (" or ", " ou ")}[self.kind][language == "fr"]
            return "(" + joint.join(part.words(language) for part in self.parts) + ")"
        return _QUESTIONS[self.kind].says.in_(language).format(_said(self.argument, language))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:  # noqa: PLW3201 - pydantic's name
        """A member of a schema of rules/ is parsed from its YAML."""
        del source, handler
        return core_schema.no_info_plain_validator_function(parse)

    def leaves(self) -> Iterator[Criterion]:
        """Its questions, in order."""
        if self.parts:
            for part in self.parts:
                yield from part.leaves()
        else:
            yield self


def _said(argument: Any, language: str) -> str:
    if isinstance(argument, dict):
        return ", ".join(f"{key} {_said(value, language)}" for key, value in argument.items())
    if isinstance(argument, list | tuple):
        return (" ou " if language == "fr" else " or ").join(str(each) for each in argument)
    return str(argument)


def parse(raw: Any) -> Criterion:
    """Compile a criterion as it stands in YAML. Raises ValueError with the nearest right name."""
    questions()
    if isinstance(raw, Criterion):
        return raw
    if not isinstance(raw, dict) or len(raw) != 1:
        raise ValueError("a criterion is one question, or all, any or not")
    ((name, argument),) = raw.items()
    if name in ("all", "any"):
        if not isinstance(argument, list) or not argument:
            raise ValueError(f"'{name}' takes a list of criteria")
        parts = tuple(parse(each) for each in argument)
        asks = tuple(part.ask for part in parts)
        return Criterion(_all(asks) if name == "all" else _any(asks), name, parts)
    if name == "not":
        part = parse(argument)
        return Criterion(_not(part.ask), name, (part,))
    if name not in _QUESTIONS:
        nearest = difflib.get_close_matches(str(name), _QUESTIONS, 1, 0.5)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
        raise ValueError(f"'{name}' is not a question{hint}")
    return Criterion(_QUESTIONS[name].compile(argument), name, (), argument)


def _all(asks: Sequence[Ask]) -> Ask:
    def ask(facts: Facts) -> Answer:
        evidence: tuple[Evidence, ...] = ()
        missing: tuple[str, ...] = ()
        unknown = False
        for each in asks:
            answer = each(facts)
            if answer.truth is False:
                return answer
            if answer.truth is None:
                unknown = True
                missing += answer.missing
            evidence += answer.evidence
        return Answer(None, evidence, missing) if unknown else Answer(True, evidence)

    return ask


def _any(asks: Sequence[Ask]) -> Ask:
    def ask(facts: Facts) -> Answer:
        evidence: tuple[Evidence, ...] = ()
        missing: tuple[str, ...] = ()
        unknown = False
        for each in asks:
            answer = each(facts)
            if answer.truth:
                return answer
            if answer.truth is None:
                unknown = True
                missing += answer.missing
            evidence += answer.evidence
        return Answer(None, evidence, missing) if unknown else Answer(False, evidence)

    return ask


def _not(inner: Ask) -> Ask:
    def ask(facts: Facts) -> Answer:
        answer = inner(facts)
        return answer if answer.truth is None else answer._replace(truth=not answer.truth)

    return ask
