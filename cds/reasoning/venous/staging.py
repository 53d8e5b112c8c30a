"""From signs to a stage: which signs count on which leg, and the range that they give (CVI-1, CVI-1a, D-6 to D-10, D-16).

Pure: signs in, staging out. Where signs come from is the business of `cds.reasoning.venous.signs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from cds.reasoning.chart import Moment, Problem, Ref, Severity
from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.porter import Course, Span, Uncounted
from cds.reasoning.recognition import Recognised

__all__ = ["SIDES", "Legs", "Limb", "Reading", "Side", "Sign", "staged"]

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

_NEVER = datetime.min.replace(tzinfo=UTC)


class Sign(NamedTuple):
    """One sign as one datum says it."""

    id: str
    """Sign of rules/porter.yaml, or "ceap" for a recorded CEAP class."""
    place: int
    """In the chapter: the order of everything that is listed."""
    term: Text
    source: Ref
    text: str
    """As written in the record."""
    span: Span | None
    """The range of stages that it gives by itself; None where it gives none."""
    severity: Severity | None = None
    graded: bool = False
    """The severity or the words decide the range: this datum answers those that say nothing of it."""
    sides: frozenset[str] = frozenset()
    """"left", "right"; empty: not recorded, both legs."""
    when: Moment | None = None
    """The last date that it is known to have been there."""
    ceap: str = ""
    course: Course | None = None
    provisional: bool = False
    doubtful: bool = False
    """The datum is not confirmed or preliminary (ACC-1, ACC-4)."""
    trophic: bool = False
    needs_trophic: bool = False
    needs_context: bool = True
    gives_context: bool = False
    alone: bool = False
    yields_to: str = ""
    """A sign that says the same more precisely."""
    lasting: bool = False
    """A later examination without it does not take it away (a healed ulcer stays stage 4)."""
    cause: Literal["strong", "weak"] = "strong"
    ask: Text | None = None
    ask_anyway: bool = False
    """The question stands even where the range is closed."""
    recognised: Recognised | None = None
    """What it was read from."""

    def on(self, side: Side) -> bool:
        return not self.sides or side in self.sides

    @property
    def conditional(self) -> bool:
        """Whether it counts depends on the other signs of the same leg."""
        return self.needs_trophic or self.alone or bool(self.yields_to)

    @property
    def problem(self) -> Problem | None:
        """The diagnosis that says it; None where a finding or a report does."""
        datum = self.recognised.datum if self.recognised is not None else None
        return datum if isinstance(datum, Problem) else None


class Reading(NamedTuple):
    """A sign of the record, and why it does not count where it does not."""

    sign: Sign
    uncounted: Uncounted | None = None
    cause: Text | None = None
    """What explains the sign better."""


class Limb(NamedTuple):
    """One leg. `low` is None where it cannot be staged."""

    side: Side
    low: int | None
    high: int
    signs: tuple[Sign, ...]
    """Those that count, in the order of the chapter."""

    @property
    def cause_low(self) -> int:
        """The lowest stage without the signs that are no strong cause of calcification by themselves; 0: none."""
        return max((each.span.low or 0 for each in self.signs if each.span and each.cause == "strong"), default=0)


class Legs(NamedTuple):
    """What the signs of both legs give. `low` is None where the patient is not stageable."""

    low: int | None
    high: int
    limbs: tuple[Limb, Limb]
    readings: tuple[Reading, ...]
    """Every sign of the record, counted or not, in the order of the chapter: the trace."""

    @property
    def counted(self) -> tuple[Sign, ...]:
        """The signs that count on either leg, in the order of the chapter."""
        return tuple(each.sign for each in self.readings if each.uncounted is None)

    @property
    def worst(self) -> tuple[Limb, ...]:
        """The leg with the highest stage, or both legs where they are alike."""
        if self.low is None:
            return ()
        top = max((each.low or 0, each.high) for each in self.limbs)
        return tuple(each for each in self.limbs if (each.low or 0, each.high) == top)


def staged(readings: Iterable[Reading], *, context: bool, highest: Sequence[tuple[frozenset[str], int]] = ()) -> Legs:
    """The stage of each leg and of the patient (CVI-1).

    `readings` may already say why a sign does not count (site, window, other cause). `context`: CVI-0 holds.
    `highest`: grades of the diagnosis itself, as (sides, highest stage); they raise the upper end only (D-16).
    """
    ordered = sorted(readings, key=_order)
    why = [_before(each, context=context) for each in ordered]
    left, fates = _limb("left", ordered, why, highest)
    if any(each.sign.sides for each in ordered) or any(sides for sides, _ in highest):
        right, other_fates = _limb("right", ordered, why, highest)
        fates |= {number: fate for number, fate in other_fates.items() if fate is None or number not in fates}
    else:
        right = left._replace(side="right")
    traced = tuple(
        each if each.uncounted else Reading(each.sign, why[number] or fates[number], each.cause)
        for number, each in enumerate(ordered)
    )
    low = max((each.low for each in (left, right) if each.low is not None), default=None)
    high = max((each.high for each in (left, right) if each.low is not None), default=0)
    return Legs(low, high, (left, right), traced)


def _order(reading: Reading) -> tuple[int, datetime, Ref, str]:
    sign = reading.sign
    return sign.place, sign.when.instant if sign.when else _NEVER, sign.source, sign.text


def _before(reading: Reading, *, context: bool) -> Uncounted | None:
    """Why a sign does not count whatever the other signs are."""
    sign = reading.sign
    if reading.uncounted:
        return reading.uncounted
    if sign.severity == "absent":
        return "negative"
    if sign.needs_context and not context:
        return "no-context"
    return None if sign.span else "not-severe"


Fates = dict[int, Uncounted | None]
"""Of the signs that could count on one leg, by place: None where one counts, else why not."""


def _limb(
    side: Side,
    readings: Sequence[Reading],
    why: Sequence[Uncounted | None],
    highest: Sequence[tuple[frozenset[str], int]],
) -> tuple[Limb, Fates]:
    here = [number for number, each in enumerate(readings) if why[number] is None and each.sign.on(side)]
    if not here:
        return Limb(side, None, 0, ()), {}
    absent = [each.sign for number, each in enumerate(readings) if why[number] == "negative" and each.sign.on(side)]
    counted = _newest(here, readings, absent)
    signs = [readings[number].sign for number in counted]
    fates: Fates = dict.fromkeys(here, "superseded")
    for number, sign in zip(counted, signs, strict=True):
        fates[number] = _conditional(sign, signs, lambda: _others(side, readings, why)) if sign.conditional else None
    kept = tuple(sign for number, sign in zip(counted, signs, strict=True) if fates[number] is None)
    spans = [each.span for each in kept if each.span]
    low = max((each.low for each in spans if each.low is not None), default=None)
    raised = [stage for sides, stage in highest if not sides or side in sides]
    high = max((*(each.high for each in spans), *raised), default=0)
    return Limb(side, low, high, kept), fates


def _conditional(sign: Sign, signs: Sequence[Sign], others: Callable[[], bool]) -> Uncounted | None:
    """Why a sign that depends on the other signs of its leg does not count."""
    if sign.needs_trophic and not any(each.trophic for each in signs):
        return "no-trophic-sign"
    if sign.alone and others():
        return "not-alone"
    if any(each.id == sign.yields_to and each.course != "healed" for each in signs):
        return "superseded"
    return None


def _others(side: Side, readings: Sequence[Reading], why: Sequence[Uncounted | None]) -> bool:
    """Whether the record shows any sign of this leg, even one that another cause explains (D-9)."""
    return any(
        each.sign.on(side) and not each.sign.alone and why[number] in (None, "explained", "not-severe")
        for number, each in enumerate(readings)
    )


def _newest(here: Sequence[int], readings: Sequence[Reading], absent: Sequence[Sign]) -> list[int]:
    """Of each sign of one leg the data that still say something (ACC-6, CVI-1a), in order.

    A later examination without the sign takes it away. A datum with a severity answers those without one, unless they
    are newer; of two severities the newer one counts; of recorded CEAP classes the newest counts.
    """
    by_id: dict[str, list[int]] = {}
    for number in here:
        by_id.setdefault(readings[number].sign.id, []).append(number)
    kept: list[int] = []
    for name, numbers in by_id.items():
        gone = max((_date(each) for each in absent if each.id == name), default=None)
        if gone is not None:
            numbers = [each for each in numbers if _stays(readings[each].sign, gone)]
        if len(numbers) > 1:
            numbers = _precise([(each, readings[each].sign) for each in numbers])
        kept += numbers
    return kept


def _stays(sign: Sign, gone: datetime) -> bool:
    return sign.lasting or sign.when is None or sign.when.instant >= gone


def _precise(several: Sequence[tuple[int, Sign]]) -> list[int]:
    graded = [_date(sign) for _, sign in several if sign.graded]
    if not graded:
        return [number for number, _ in several]
    newest = max(graded)
    return [number for number, sign in several if (_date(sign) == newest if sign.graded else _date(sign) > newest)]


def _date(sign: Sign) -> datetime:
    return sign.when.instant if sign.when else _NEVER
