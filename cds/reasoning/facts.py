"""The facts of one evaluation: the chart, the clock, the knowledge, and every derived value, each computed once.

A derived value is physiology or arithmetic (eGFR, chronicity, which calcium to believe, verified hypercalcaemia …) and
stands in a module of its own as a function of the facts. Whoever needs it asks `facts(assess_calcium)`; it is computed
at the first question and remembered. So a fact that no rule asks for costs nothing, and modules depend on each other
one way only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from cds.reasoning.chart import Chart
from cds.reasoning.time import age_on

if TYPE_CHECKING:
    from cds.reasoning.knowledge import Knowledge
    from cds.reasoning.language.reading import Language

__all__ = ["ADULT", "Facts"]

T = TypeVar("T")

ADULT = 18
"""Years: from this age the limits and formulas of adults hold (LAB-5, REN-1, REN-4)."""


class Facts:
    """What rules ask of one patient."""

    __slots__ = ("_known", "age", "chart", "knowledge", "language", "now", "sex")

    def __init__(
        self,
        chart: Chart,
        now: datetime,
        knowledge: Knowledge,
        known: Mapping[Callable[[Facts], Any], Any] | None = None,
    ) -> None:
        """`known`: derived values that are decided elsewhere, by the function that would compute them."""
        self.chart = chart
        self.now = now
        self.knowledge = knowledge
        self.language: Language = knowledge.language
        self.sex: Literal["male", "female"] | None = chart.patient.sex
        self.age = age_on(chart.patient.born, now.date())
        """Completed years, a fraction in the first year; None when the date of birth is unknown."""
        self._known: dict[Callable[[Facts], Any], Any] = dict(known or {})

    def __call__(self, fact: Callable[[Facts], T]) -> T:
        """The derived value `fact`, computed at the first question."""
        try:
            return self._known[fact]  # type: ignore[no-any-return]
        except KeyError:
            value = self._known[fact] = fact(self)
            return value
