"""The venous side of one chart: context (CVI-0), both legs, and the stage with its CEAP equivalence (CVI-1, 8.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from cds.reasoning.chart import Problem, Report, Severity
from cds.reasoning.conclusions import Evidence, Stage, Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.porter import Ceap, PorterChapter, Span
from cds.reasoning.recognition import Recognised, recognise
from cds.reasoning.venous.signs import on_the_leg, read_signs
from cds.reasoning.venous.staging import Legs, Reading, Sign, staged
from cds.reasoning.venous.words import Words

__all__ = ["Staging", "ceap_display", "context", "staging"]

QUESTIONS = 2
"""CVI-5: one or two."""


class Staging(NamedTuple):
    """Everything that the venous rules know of one chart."""

    stage: Stage | None
    """None: not stageable."""
    legs: Legs
    diagnoses: tuple[Recognised, ...] = ()
    """What says venous disease besides the signs (CVI-0)."""
    context: bool = False
    """CVI-0 holds."""
    confirmed: bool = False
    """CVI-0 holds by something that is neither provisional nor preliminary."""
    graded: tuple[Recognised, ...] = ()
    """Diagnoses whose own grade raises the highest stage (D-16)."""


def context(facts: Facts) -> bool:
    """CVI-0: whether non-specific signs may be read as venous."""
    return facts(staging).context


def staging(facts: Facts) -> Staging:
    """The stage of the patient, in the numbering of the source document, and everything that it rests on."""
    readings = read_signs(facts)
    diagnoses = tuple(_diagnoses(facts))
    giving = [each for each in readings if each.sign.gives_context and each.uncounted in (None, "old")]
    holds = bool(diagnoses or giving)
    if not readings:
        return Staging(None, _NO_SIGNS, diagnoses, holds, _confirmed(diagnoses, giving))
    graded = tuple(_graded(facts, diagnoses, readings))
    chapter: PorterChapter = facts.knowledge.porter
    highest = chapter.global_severity.highest
    raised = [(each.site.sides, highest[severity]) for each, severity in graded if severity != "absent"]
    legs = staged(readings, context=holds, highest=raised)
    stage = _stage(chapter, legs, raised=bool(graded))
    return Staging(stage, legs, diagnoses, holds, _confirmed(diagnoses, giving), tuple(each for each, _ in graded))


_NO_SIGNS = staged((), context=False)


def _diagnoses(facts: Facts) -> Iterator[Recognised]:
    """Active venous disease of the leg by name or code, or venous reflux in a report."""
    rules = facts.knowledge.porter.venous_context
    for each in facts(recognise).active(*rules.concepts):
        if (
            "hypothetical" not in each.reasons
            and on_the_leg(facts, each.site, rules.area) is not False
            and (each.coded or not Words(facts, each).say(rules.elsewhere_in_words))
        ):
            yield each
    for each in facts(recognise).active(*rules.reflux):
        if isinstance(each.datum, Report) and "hypothetical" not in each.reasons:
            yield each


def _confirmed(diagnoses: Iterable[Recognised], giving: Iterable[Reading]) -> bool:
    doubtful = {"provisional", "preliminary"}
    if any(doubtful.isdisjoint(each.reasons) for each in diagnoses):
        return True
    return any(not each.sign.doubtful for each in giving)


def _graded(
    facts: Facts, diagnoses: Iterable[Recognised], readings: Iterable[Reading]
) -> Iterator[tuple[Recognised, Severity]]:
    """Diagnoses graded as a whole (D-16). Where a code is diagnosis and sign in one, the grade is the sign's."""
    rules = facts.knowledge.porter.global_severity
    signs = {each.sign.source for each in readings}
    for each in diagnoses:
        if each.severity is not None and each.concept in rules.of and isinstance(each.datum, Problem):
            words = Words(facts, each)
            severity = words.severity(rules.of) if each.source not in signs or words.name_the_diagnosis() else None
            if severity is not None and severity in rules.highest:
                yield each, severity


def _stage(chapter: PorterChapter, legs: Legs, *, raised: bool) -> Stage | None:
    if legs.low is None:
        return None
    counted = legs.counted
    lowest = [each for each in counted if each.span and each.span.low == legs.low]
    return Stage(
        legs.low,
        legs.high,
        ceap_display(chapter.ceap, [sign for limb in legs.worst for sign in limb.signs]),
        tuple(sign_row(each) for each in counted),
        _questions(chapter, legs, raised=raised),
        provisional=all(each.provisional for each in lowest),
    )


def ceap_display(chapter: Ceap, signs: Iterable[Sign]) -> str:
    """The CEAP classes of `signs`: the highest, then the others in brackets, lowest first, as many as there is room for.

    A class without a letter says nothing beside one with a letter of the same number, nor C0 beside any other; nor
    does a sign that gives no stage by itself. "-" where there is none.
    """
    names = {each.ceap for each in signs if each.ceap and each.span and each.span.low is not None}
    telling = [name for name in names if chapter.outdone_by[name].isdisjoint(names)]
    first, *others = sorted(telling, key=chapter.rank.__getitem__, reverse=True) or ["-"]
    while others:
        shown = f"{first} ({', '.join(reversed(others))})"
        if len(shown) <= chapter.longest:
            return shown
        others.pop()
    return first


def sign_row(sign: Sign) -> Evidence:
    """A row of the table: the sign, its words in the record, and the range that it gives."""
    return Evidence(_capital(sign.term), sign.source, sign.text, sign.when, _range(sign.span) if sign.span else None)


@cache
def _capital(term: Text) -> Text:
    """A label begins with a capital letter, as every other one of the table does."""
    return Text(term.en[0].upper() + term.en[1:], term.fr[0].upper() + term.fr[1:])


@cache
def _range(span: Span) -> Text:
    low, high = span
    if low is None:
        return Text(f"at most stage {high}, never alone", f"au plus stade {high}, jamais seul")
    shown = f"{low}" if low == high else f"{low}-{high}"
    return Text(f"stage {shown}", f"stade {shown}")


def _questions(chapter: PorterChapter, legs: Legs, *, raised: bool) -> tuple[Text, ...]:
    """What would narrow the range, the most telling question first (D-8, D-16, CVI-5)."""
    assert legs.low is not None
    open_ = [each for each in legs.counted if each.ask and each.span and each.span.high > legs.low]
    asked: list[Text] = [each.ask for each in sorted(open_, key=_reach, reverse=True) if each.ask]
    if raised and legs.high > max((each.span.high for each in legs.counted if each.span), default=0):
        asked.insert(0, chapter.global_severity.ask)
    asked += [each.ask for each in legs.counted if each.ask and each.ask_anyway]
    return tuple(dict.fromkeys(asked))[:QUESTIONS]


def _reach(sign: Sign) -> int:
    return sign.span.high if sign.span else 0
