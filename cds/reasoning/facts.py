"""The facts of one evaluation: the chart, the clock, the knowledge, and every derived value, each computed once.

A derived value is physiology or arithmetic (eGFR, chronicity, which calcium to believe, verified hypercalcaemia,
Ca x P) and stands in a module of its own; this is where a rule asks for it by name.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.chart import Chart, Moment, Ref
from cds.reasoning.language.sites import Site
from cds.reasoning.recognition import Recognition

if TYPE_CHECKING:
    from cds.reasoning.knowledge import Knowledge

__all__ = ["Calcification", "Facts"]

Layer = Literal["subcutaneous", "dermis", "muscle", "fascia", "periarticular", "soft-tissue"]


class Calcification(NamedTuple):
    """One soft-tissue calcification that the chart records (TRG-1 a, b)."""

    source: Ref
    text: str
    site: Site
    layers: frozenset[Layer]
    weight: Literal["strong", "weak"]
    when: Moment | None
    from_imaging: bool
    """Said by a report, not by a diagnosis."""
    ossification: bool = False
    """The same words also speak of ossification (D-17)."""


class Facts:
    """What rules ask. Lazy: a fact that no rule asks for costs nothing."""

    def __init__(self, chart: Chart, now: datetime, knowledge: Knowledge) -> None:
        self.chart = chart
        self.now = now
        self.knowledge = knowledge

    @cached_property
    def recognition(self) -> Recognition:
        raise NotImplementedError

    @cached_property
    def calcifications(self) -> tuple[Calcification, ...]:
        raise NotImplementedError
