"""rules/pitfalls: what must not go wrong, and what is done about it (section 10)."""

from __future__ import annotations

from functools import cached_property

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Strict

__all__ = ["Pitfall", "Pitfalls"]


class Pitfall(Strict):
    """One pitfall and the behaviour that avoids it; `rules` are the clauses that say so."""

    id: str
    pitfall: Text
    behaviour: Text
    rules: tuple[str, ...] = ()


class Pitfalls(Strict):
    """The chapter rules/pitfalls."""

    pitfalls: tuple[Pitfall, ...]

    @cached_property
    def by_id(self) -> dict[str, Pitfall]:
        return {each.id: each for each in self.pitfalls}
