"""The order-time rules for every draft of a request: C-ORD cards only (ORD-0a to ORD-0e)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from cds.reasoning.chart import Draft, Moment
from cds.reasoning.classification import classify
from cds.reasoning.conclusions import Conclusion, Evaluation, Removal, Request, Text
from cds.reasoning.evaluate import evaluable, not_used
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.orders import Want
from cds.reasoning.orders.classes import judged
from cds.reasoning.orders.duplicates import Duplicate, duplicate
from cds.reasoning.orders.meanings import draft_row
from cds.reasoning.orders.now import calcium_now
from cds.reasoning.orders.places import pressure
from cds.reasoning.orders.rules import URGENCY, Fired, hazard
from cds.reasoning.results import usable_results
from cds.reasoning.workup import Wanted, minimum_panel, requested

__all__ = ["evaluate_orders"]

T = TypeVar("T")


def evaluate_orders(facts: Facts) -> Evaluation:
    """What the selected drafts of the chart of `facts` mean for the patient; no other card than C-ORD (ORD-0a)."""
    drafts = facts(judged)
    fired = [each for each in (hazard(facts, draft, classes) for draft, classes in drafts) if each is not None]
    beside = facts.knowledge.orders.duplicates.not_beside
    spoken = {each.draft for each in fired if each.row.variant in beside.get(each.rule.id, ())}
    repeated = [
        each
        for each in (duplicate(facts, draft, classes) for draft, classes in drafts if draft not in spoken)
        if each is not None
    ]
    found = facts(classify)
    return Evaluation(
        classification=found.classification,
        lean=found.lean,
        conclusions=(*_hazards(facts, fired), *_duplicates(facts, repeated)),
        not_used=not_used(facts),
        access=facts.chart.access,
        evaluable=evaluable(facts),
        asked=any(not classes.isdisjoint(facts.knowledge.orders.hazardous) for _, classes in drafts),
    )


def _hazards(facts: Facts, fired: Sequence[Fired]) -> Iterator[Conclusion]:
    """One card per card id, with every draft that it is about; the most urgent of them words it (ORD-0c)."""
    cards = facts.knowledge.cards
    for card in dict.fromkeys(each.rule.card for each in fired):
        variants = {each.id: each.indicator or cards[card].indicator for each in cards[card].variants}
        told = sorted(
            (each for each in fired if each.rule.card == card),
            key=lambda each: (URGENCY[variants[each.row.variant]], each.rank),
        )
        yield _hazard(facts, told)


def _hazard(facts: Facts, told: Sequence[Fired]) -> Conclusion:
    first = told[0]
    conclusion = Conclusion(
        card=first.rule.card,
        rule=first.rule.id,
        variant=first.row.variant,
        values=_values(facts, first),
        drafts=tuple(draft_row(each.draft) for each in told),
        evidence=_once(row for each in told for row in each.evidence),
        notes=_once(note for each in told for note in _notes(facts, each, first)),
        removals=tuple(_removal(each.draft) for each in told if each.remove),
        sources=_once(tag for each in told for tag in each.row.sources),
    )
    return _asking(facts, conclusion, told)


# --- what fills the summary -----------------------------------------------------------------------------------------


def _values(facts: Facts, fired: Fired) -> dict[str, Text]:
    """{ca}, and {reason} or {pressure} with the number that it holds."""
    values: dict[str, Text] = {}
    critical = facts(calcium_now).value
    summary = facts.knowledge.cards[fired.rule.card].variant(fired.row.variant).summary.en
    if "{ca}" in summary and critical is not None:
        values["ca"] = critical
    name = "pressure" if "{pressure}" in summary else "reason"
    if fired.reason:
        text = facts.knowledge.cards.placeholder(name).value(fired.reason)
        values[name] = _with_number(facts, fired, text)
    return values


_NUMBERS = {"index": ("ankle-brachial-index", "abi", 2), "ankle": ("ankle-pressure", "mmhg", 0), "toe": ("toe-pressure", "mmhg", 0)}  # fmt: skip


def _with_number(facts: Facts, fired: Fired, text: Text) -> Text:
    if fired.reason not in _NUMBERS:
        return text
    concept, name, digits = _NUMBERS[fired.reason]
    found = pressure(facts, fired.draft, concept)
    assert found is not None  # the reason holds because it was measured
    number = f"{found.value:.{digits}f}"
    return Text(text.en.replace(f"{{{name}}}", number), text.fr.replace(f"{{{name}}}", number.replace(".", ",")))


# --- the detail -----------------------------------------------------------------------------------------------------

_RENEWAL = Text(
    "This medicine has been active for {days} days already: a renewal is judged like a new order.",
    "Médicament déjà en cours depuis {days} jours : un renouvellement est jugé comme une nouvelle prescription.",
)
_ALSO_HOLDS = Text("The same order also holds: {what}.", "La même prescription contient aussi : {what}.")


def _notes(facts: Facts, each: Fired, first: Fired) -> Iterator[Text]:
    """What depends on this draft: its own reason where another draft words the card, what else it holds, a renewal."""
    chapter = facts.knowledge.orders
    if each.row.variant != first.row.variant:
        yield facts.knowledge.cards[each.rule.card].variant(each.row.variant).conclusion
    yield from each.notes
    others = [
        known.term
        for known in chapter.classes
        if known.told and known.id in each.classes and known.id not in each.rule.classes
    ]
    if others:
        yield _filled(_ALSO_HOLDS, Text(", ".join(o.en for o in others), ", ".join(o.fr for o in others)))
    days = each.draft.renewal_of_days
    if days is not None and days >= chapter.renewal_days:
        yield _filled(_RENEWAL, Text(str(days), str(days)))


def _filled(text: Text, what: Text) -> Text:
    return Text(text.en.format(what=what.en, days=what.en), text.fr.format(what=what.fr, days=what.fr))


_LONGEST = 80
"""Characters of an order's own words in the label of a suggestion."""


def _removal(draft: Draft) -> Removal:
    what = " ".join(str(draft_row(draft).value).split())
    what = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"
    return Removal(draft.resource_id, Text(f"Remove this draft: {what}", f"Retirer ce brouillon : {what}"))


# --- requests -------------------------------------------------------------------------------------------------------


def _asking(facts: Facts, conclusion: Conclusion, told: Sequence[Fired]) -> Conclusion:
    """The conclusion with the requests of its rows: without what is known in time, ordered, or drafted beside it."""
    drafted = {lab for draft in facts.chart.drafts for lab in draft.labs}
    wants: dict[str, tuple[Want, Fired]] = {}
    for each in told:
        for want in each.wants:
            for key in _keys(facts, want):
                if not _is_known(facts, key, want) and not drafted & set(_answers(key)):
                    wants.setdefault(key, (want, each))
    asked = requested(facts, Wanted(conclusion, tuple(wants), repeat=True))
    return asked._replace(requests=tuple(_timed(each, *wants[each.key]) for each in asked.requests))


_CALCIUM = "calcium-with-albumin"


def _keys(facts: Facts, want: Want) -> tuple[str, ...]:
    """The items of a want; ionised calcium instead of the total where a total cannot be read (WRK-1)."""
    if want.key == _CALCIUM and any(item.id == "calcium-ionised" for item in minimum_panel(facts)):
        return ("calcium-ionised",)
    return tuple(item.id for item in facts.knowledge.workup.of(want.key))


def _answers(key: str) -> tuple[str, ...]:
    """The tests whose result answers the item `key`."""
    return ("calcium-total", "calcium-corrected", "calcium-ionised") if key in ("calcium-total", "albumin") else (key,)


def _is_known(facts: Facts, key: str, want: Want) -> bool:
    days = want.unless_within
    results = facts(usable_results)
    return days is not None and any(results.latest(lab, days=days) is not None for lab in _answers(key))


def _timed(request: Request, want: Want, fired: Fired) -> Request:
    priority = fired.row.priority if fired.row.priority != "routine" else request.priority
    return request._replace(priority=priority, after_days=want.after_days)


# --- duplicates -----------------------------------------------------------------------------------------------------


def _duplicates(facts: Facts, repeated: Sequence[Duplicate]) -> Iterator[Conclusion]:
    """C-ORD-DUP: one card for all of them, its summary names the first (ORD-10)."""
    rules = facts.knowledge.orders.duplicates
    if not repeated or rules.card not in facts.knowledge.cards.by_id:
        return
    told = sorted(repeated, key=lambda each: (each.place, each.draft.source.id))
    first = told[0]
    tests = dict.fromkeys(each.test for each in told)
    yield Conclusion(
        card=rules.card,
        rule=rules.id,
        values={"test": facts.knowledge.cards.placeholder("test").filled(*tests), "date": _date(facts, first.when)},
        drafts=tuple(draft_row(each.draft) for each in told),
        evidence=_once(row for each in told for row in each.evidence),
        removals=tuple(_removal(each.draft) for each in told),
        sources=rules.sources,
    )


def _date(facts: Facts, when: Moment) -> Text:
    """{date}, in the words of rules/wording."""
    dates, day = facts.knowledge.wording.dates, when.instant.date()
    en, fr = (
        text.format(year=day.year, month=day.month, day=day.day, name=dates.names[language][day.month - 1])  # type: ignore[index]
        for language, text in (("en", dates.day.en), ("fr", dates.day.fr))
    )
    return Text(en, fr)


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
