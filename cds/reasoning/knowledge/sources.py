"""rules/sources: the references, how well each was read, and its grade (section 15)."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Strict

__all__ = ["Source", "Sources"]


class Source(Strict):
    """One reference."""

    id: str
    short: Text
    """A few words for the last line of a card."""
    citation: str
    status: Literal["seen", "partly", "recalled"]
    read: str = ""
    """What exactly was read, where "seen" does not say it all."""
    grade: Literal["S", "G", "L", "E"]
    """S the source document, G guideline, standard or label, L study or case report."""


class Sources(Strict):
    """The chapter rules/sources."""

    sources: tuple[Source, ...]

    @cached_property
    def by_id(self) -> dict[str, Source]:
        return {each.id: each for each in self.sources}
