"""Every code of the value sets, asked of a terminology server: is it there, is it in use, is it called so?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal, NamedTuple

from cds.valuesets.files import ValueSets, lines
from cds.valuesets.server import Checked, Refusal, TerminologyServer

__all__ = ["Problem", "Validation", "validate"]

Kind = Literal["unknown", "inactive", "display", "unchecked"]


class Problem(NamedTuple):
    """A code with which something is wrong."""

    kind: Kind
    """"unknown": the code system has no such code; "inactive": it is retired; "display": it is called otherwise;
    "unchecked": the server would not say."""
    system: str
    code: str
    display: str
    """As the value set has it."""
    said: str
    """The name that the server has, or why it would not say."""
    value_sets: tuple[str, ...]


class Validation(NamedTuple):
    """What came of it."""

    checked: int
    problems: tuple[Problem, ...]
    unchecked: dict[str, int]
    """How many codes of each code system that the server does not hold."""

    @property
    def is_good(self) -> bool:
        """Whether every code could be checked, and nothing is wrong with any."""
        return not self.problems and not self.unchecked


async def validate(sets: ValueSets, server: TerminologyServer, systems: Iterable[str] = ()) -> Validation:
    """Check every code of `compose`, each once, of `systems` or of all."""
    wanted = frozenset(systems)
    found: dict[tuple[str, str, str], list[str]] = {}
    for value_set in sets.all().values():
        for line in lines(value_set):
            if not wanted or line.system in wanted:
                names = found.setdefault((line.system, line.code, line.display), [])
                if value_set["id"] not in names:
                    names.append(value_set["id"])
    held = {}
    for system in sorted({system for system, _, _ in found}):
        held[system] = await _holds(server, system)
    asked = [key for key in found if held[key[0]]]
    answers = await asyncio.gather(*(_check(server, *key) for key in asked))
    problems = [
        Problem(kind, *key, said, tuple(found[key]))
        for key, (kind, said) in zip(asked, answers, strict=True)
        if kind is not None
    ]
    unchecked: dict[str, int] = {}
    for system, _, _ in found:
        if not held[system]:
            unchecked[system] = unchecked.get(system, 0) + 1
    return Validation(len(asked), tuple(sorted(problems)), unchecked)


async def _holds(server: TerminologyServer, system: str) -> bool:
    try:
        return await server.knows(system)
    except Refusal:
        return False


async def _check(server: TerminologyServer, system: str, code: str, display: str) -> tuple[Kind | None, str]:
    try:
        found = await server.check(system, code, display)
    except Refusal as refusal:
        return "unchecked", str(refusal)
    return _kind(found), found.display


def _kind(found: Checked) -> Kind | None:
    if not found.known:
        return "unknown"
    if found.inactive:
        return "inactive"
    return None if found.display_is_right else "display"
