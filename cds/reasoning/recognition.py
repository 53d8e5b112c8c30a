"""What a chart says, concept by concept: codes and words become recognised concepts, each with its weight (ACC-1 to 3).

A code speaks for itself unless it is shared (`needs_text`); words speak where no code does. Which words mean which
concept stands in rules/terms; how a sentence denies, doubts or speaks of a relative is the business of
`cds.reasoning.language`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from cds.reasoning.chart import Choice, Finding, Moment, Problem, Procedure, Ref, Report, Severity
from cds.reasoning.language.sites import Site

__all__ = ["Recognised", "Weight"]

Weight = Literal["strong", "weak"]


class Recognised(NamedTuple):
    """One datum says one concept."""

    concept: str
    source: Ref
    datum: Problem | Finding | Report | Procedure
    weight: Weight
    """Of the evidence (ACC-1 to ACC-4), before site, commonness and umbrella are judged (DYS-1)."""
    reasons: tuple[str, ...]
    """Why it is weak: provisional, old-encounter, text-only, tier-c, hypothetical, preliminary."""
    state: Choice
    coded: bool
    """A code matched (with the words that it may need); False: recognised by words alone."""
    tier_c_only: bool
    """The only code is of tier C, and its own words don't say the concept (ACC-2)."""
    text: str
    """What it says, as written: the words of the code, or the sentence."""
    site: Site
    severity: Severity | None
    when: Moment | None
    """Onset, else recorded date, of a Condition; effective date of an Observation or report; last date of a Procedure."""


class Recognition(NamedTuple):
    """Everything recognised in one chart, by concept."""

    by_concept: dict[str, tuple[Recognised, ...]]

    def of(self, *concepts: str) -> tuple[Recognised, ...]:
        """Every recognition of any of `concepts`, active and past, in a stable order."""
        return tuple(each for concept in concepts for each in self.by_concept.get(concept, ()))

    def active(self, *concepts: str) -> tuple[Recognised, ...]:
        """The active ones only."""
        return tuple(each for each in self.of(*concepts) if each.state == "active")

    def past(self, *concepts: str) -> tuple[Recognised, ...]:
        """The past ones only."""
        return tuple(each for each in self.of(*concepts) if each.state == "past")
