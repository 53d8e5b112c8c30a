"""Is an open venous ulcer not healing, and what speaks against compression? (CVI-3, CVI-4)"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.chart import Finding, Moment, Ref
from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.time import age_days, days_between
from cds.reasoning.venous.staging import Sign
from cds.reasoning.venous.words import Words

if TYPE_CHECKING:
    from cds.reasoning.venous.stage import Staging

__all__ = [
    "Measured",
    "Pressures",
    "Shrinkage",
    "Unhealed",
    "measured",
    "newest",
    "open_ulcers",
    "pressures",
    "shrinkage",
    "unhealed",
]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_WEEK = 7
_SMALLEST_AREA, _LARGEST_AREA = 1e-3, 1e6
"""Of a wound that was measured, in cm² or mm²: beyond them stands a number, and no area."""


class Measured(NamedTuple):
    """A number that an examination found."""

    value: float
    unit: str
    when: Moment
    sides: frozenset[str]
    source: Ref

    def row(self, label: Text, digits: int = 2) -> Evidence:
        return Evidence(label, self.source, Value(self.value, self.unit, digits), self.when)


class Shrinkage(NamedTuple):
    """How the area of a wound changed between two measurements (CVI-3)."""

    older: Measured
    newer: Measured

    @property
    def reduced(self) -> float:
        """Part of the older area that is gone; negative when it has grown."""
        return 1 - self.newer.value / self.older.value

    @property
    def days(self) -> int:
        return days_between(self.older.when, self.newer.when)


class Unhealed(NamedTuple):
    """An open ulcer that is not healing, and why that is said."""

    ulcer: Sign
    reasons: tuple[Text, ...]
    evidence: tuple[Evidence, ...]


class Pressures(NamedTuple):
    """What is known of the arteries before any compression."""

    notes: tuple[Text, ...]
    evidence: tuple[Evidence, ...]
    requests: tuple[str, ...]


def open_ulcers(facts: Facts, staging: Staging) -> tuple[Sign, ...]:
    """The venous ulcers, certain or provisional, that count and are open."""
    names = (*facts.knowledge.venous.ulcer.signs, "ceap")
    return tuple(each for each in staging.legs.counted if each.id in names and each.course in ("open", "recurrent"))


def unhealed(facts: Facts, staging: Staging, ulcer: Sign) -> Unhealed | None:
    """CVI-3: onset at least 12 weeks ago, area hardly reduced, said not to heal, or recurrent at the same site.

    An onset known to be later and no measured area: nothing is said.
    """
    rules = facts.knowledge.venous
    change = shrinkage(facts, ulcer.sides)
    problem = ulcer.problem
    onset = problem.onset if problem is not None else None
    if onset is not None and age_days(facts.now, onset) < rules.ulcer.not_healing_from and change is None:
        return None
    reasons: list[Text] = []
    since = onset or (problem.recorded if problem is not None else None)  # recorded: the latest possible onset
    if since is not None and age_days(facts.now, since) >= rules.ulcer.not_healing_from:
        reasons.append(rules.note("open-since", weeks=str(age_days(facts.now, since) // _WEEK)))
    said = list(_said(facts, ulcer))
    reasons += [note for note, _ in said]
    if ulcer.course in rules.ulcer.recurrent or _healed_before(staging, ulcer):
        reasons.append(rules.note("recurrent"))
    evidence = [row for _, row in said if row is not None]
    if change is not None:
        evidence += [each.row(rules.labels.area) for each in (change.older, change.newer)]
        reasons = _with_area(facts, change, reasons)
    return Unhealed(ulcer, tuple(dict.fromkeys(reasons)), tuple(dict.fromkeys(evidence))) if reasons else None


def _with_area(facts: Facts, change: Shrinkage, reasons: list[Text]) -> list[Text]:
    rules = facts.knowledge.venous
    percent, days = str(round(100 * abs(change.reduced))), str(change.days)
    if change.reduced < 0:
        return [*reasons, rules.note("area-grown", percent=percent, days=days)]
    if change.reduced < rules.ulcer.area.reduced_less_than:
        return [*reasons, rules.note("area-hardly-reduced", percent=percent, days=days)]
    return [*reasons, rules.note("area-shrinking", percent=percent, days=days)] if reasons else []


def shrinkage(facts: Facts, sides: frozenset[str]) -> Shrinkage | None:
    """The newest two areas of a wound on these sides that are 21 to 42 days apart, the newer at most 42 days old."""
    rules = facts.knowledge.venous.ulcer.area
    areas = [each for each in measured(facts, rules.concept, sides) if 0 <= each.value <= _LARGEST_AREA]
    if not areas or age_days(facts.now, areas[0].when) > rules.newer_within:
        return None
    newer = areas[0]
    older = [
        each
        for each in areas[1:]
        if rules.apart.from_ <= days_between(each.when, newer.when) <= rules.apart.to
        and each.unit == newer.unit
        and each.value >= _SMALLEST_AREA
    ]
    if not older:
        return None
    return Shrinkage(min(older, key=lambda each: abs(days_between(each.when, newer.when) - rules.about)), newer)


def measured(facts: Facts, concept: str, sides: frozenset[str]) -> list[Measured]:
    """The dated numbers of an examination on these sides, or of an unrecorded side, newest first."""
    found = [number for each in facts(recognise).of(concept) if (number := _number(each)) is not None]
    here = [each for each in found if not sides or not each.sides or not sides.isdisjoint(each.sides)]
    return sorted(here, key=lambda each: (each.when.instant, str(each.source)), reverse=True)


def _number(recognised: Recognised) -> Measured | None:
    finding = recognised.datum
    if not isinstance(finding, Finding) or finding.when is None or isinstance(finding.value, bool):
        return None
    value = finding.value
    if isinstance(value, str):
        found = _NUMBER.search(value)
        value = float(found.group().replace(",", ".")) if found else None
    if value is None:
        return None
    return Measured(value, finding.unit, finding.when, recognised.site.sides, finding.source)


def pressures(facts: Facts, sides: frozenset[str]) -> Pressures:
    """What the arteries of the leg allow, from arterial disease, index and toe pressure (R56, R57)."""
    rules = facts.knowledge.venous
    limits = rules.pressure
    disease = facts(recognise).of(limits.arterial_disease)
    index = newest(facts, limits.index, sides, days=limits.within)
    toe = newest(facts, limits.toe, sides, days=limits.within)
    notes = [rules.note("arterial-disease")] if disease else []
    evidence = [recognition_row(each) for each in disease]
    requests: list[str] = []
    if index is None:
        notes.append(rules.note("index-missing"))
        requests.append(rules.requests.index)
    else:
        evidence.append(index.row(rules.labels.index))
        if name := _index_note(facts, index.value):
            notes.append(rules.note(name, value=_written(index.value)))
        if name == "index-not-compressible" and toe is None:
            requests.append(rules.requests.toe)
    if toe is not None:
        evidence.append(toe.row(rules.labels.toe, 0))
        if toe.value < limits.toe_contraindicated_below:
            notes.append(rules.note("toe-contraindicated", value=_written(toe.value)))
    if disease or (index is not None and index.value < limits.contraindicated_below):
        requests.append(rules.requests.vascular)
    return Pressures(tuple(notes), tuple(dict.fromkeys(evidence)), tuple(requests))


def newest(facts: Facts, concept: str, sides: frozenset[str], *, days: int) -> Measured | None:
    """The newest number at most so old, of an examination on these sides or of an unrecorded side; of several of that
    day the lowest."""
    found = [each for each in measured(facts, concept, sides) if age_days(facts.now, each.when) <= days]
    if not found:
        return None
    day = found[0].when.day
    return min((each for each in found if each.when.day == day), key=lambda each: each.value)


def _index_note(
    facts: Facts, value: float
) -> Literal["index-contraindicated", "index-weigh", "index-not-compressible"] | None:
    limits = facts.knowledge.venous.pressure
    if value < limits.contraindicated_below:
        return "index-contraindicated"
    if value <= limits.weigh_up_to:
        return "index-weigh"
    return "index-not-compressible" if value > limits.not_compressible_above else None


def _written(value: float) -> Text:
    en = f"{value:g}"
    return Text(en, en.replace(".", ","))


def _said(facts: Facts, ulcer: Sign) -> Iterator[tuple[Text, Evidence | None]]:
    """What the words of the ulcer, or of another datum about the same leg, say of its healing."""
    rules, porter = facts.knowledge.venous, facts.knowledge.porter.ulcer_words
    if ulcer.recognised is not None:
        words = Words(facts, ulcer.recognised)
        if porter.not_healing in words.terms:
            yield rules.note("said-failure" if words.say(porter.failure) else "said-not-healing"), None
    for each in facts(recognise).active(*rules.ulcer.not_healing_concepts):
        sides = each.site.sides
        if "hypothetical" in each.reasons or (sides and ulcer.sides and sides.isdisjoint(ulcer.sides)):
            continue
        failure = Words(facts, each).say(porter.failure)
        yield rules.note("said-failure" if failure else "said-not-healing"), recognition_row(each)


def _healed_before(staging: Staging, ulcer: Sign) -> bool:
    """A healed ulcer of the same recorded side stands beside the open one."""
    return bool(ulcer.sides) and any(
        each.course == "healed" and not each.sides.isdisjoint(ulcer.sides) for each in staging.legs.counted
    )
