"""From an evaluation to the cards of one service, in the reader's language.

Which cards there are is decided; here they are ordered, limited, worded and given an identity. Nothing is left out in
silence: what there was no room for is listed on a card and in `suppressed`, what RED-1 holds back is said on the red-flag
card and in the answer's extension, what was not seen has a card of its own (clauses R5 and R7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cds.cards.context import CardContext
from cds.cards.deck import INDICATORS, Addendum, Deck, Face, Language, Tongue
from cds.cards.detail import Extras, detail
from cds.cards.identity import evidence_hash
from cds.cards.markdown import escape, plain
from cds.cards.outcome import card_extension, outcome
from cds.cards.suggestions import removals, request_label, suggestions
from cds.hooks.models import Card, Suggestion
from cds.reasoning.chart import Access
from cds.reasoning.conclusions import Conclusion, Evaluation, Proposal, Request, Text

__all__ = ["RED_FLAGS", "UNSEEN", "Composed", "compose"]

SUMMARY_LIMIT = 139
"""Characters of a summary (C1: fewer than 140)."""
RED_FLAGS = frozenset({"C-CALCIPH", "C-CALCIPH-W"})
UNSEEN = "C-DATA"
ORDER_INFO_SUGGESTIONS = 2
"""Suggestions of an info card of an order (12b.5)."""
_ORIGINAL = str.maketrans("1234", "0123")
"""Porter's own classes begin with 0, the source document's stages with 1 (D-6)."""


class Composed(NamedTuple):
    """The cards of one answer, its extension, and the ids of the cards that were left out or dismissed before."""

    cards: list[Card]
    extension: dict[str, Any]
    suppressed: list[str]


class _Dealt(NamedTuple):
    """A conclusion with its prepared card and its identity."""

    conclusion: Conclusion
    face: Face
    identity: str

    @property
    def always_shown(self) -> bool:
        return self.face.indicator == "critical" or self.conclusion.card == UNSEEN


class _Filled(dict[str, str]):
    """What stands in for placeholders; one that nobody filled is seen as a question mark, not as a failed request."""

    def __missing__(self, name: str) -> str:
        return "?"


def compose(evaluation: Evaluation, service: str, language: Language, context: CardContext, deck: Deck) -> Composed:
    """The cards of `service`, most urgent first, no more than the site shows; critical ones are always shown.

    Raises KeyError when a conclusion names a variant that rules/cards does not have: a defect of the rule.
    """
    conclusions = [*_conclusions(evaluation, service, context, deck), *_unseen(evaluation, deck)]
    dealt = sorted((_deal(each, language, deck) for each in conclusions), key=lambda each: each.face.rank)
    silent = [each for each in dealt if _is_silent(each, context)]
    fresh = [each for each in dealt if not _is_silent(each, context)]
    limit = deck.options.display_limit
    shown, left_out = _within_limit(fresh, limit if context.most_cards is None else min(limit, context.most_cards))
    titles = [each.face.title for each in left_out]
    place = _place_of_titles(shown)
    cards = [
        _card(each, evaluation, language, context, deck, titles if number == place else ())
        for number, each in enumerate(shown)
    ]
    out = {id(each) for each in shown}
    suppressed = [each.conclusion.card for each in dealt if id(each) not in out]
    not_again = [_not_again(each, context) for each in silent]
    return Composed(cards, outcome(evaluation, service, context, deck, suppressed, not_again), suppressed)


def _conclusions(evaluation: Evaluation, service: str, context: CardContext, deck: Deck) -> Iterator[Conclusion]:
    """What this service says. Called alone, it also says the red flag that withholds its cards (section 12)."""
    if not evaluation.evaluable:
        return
    alone = context.only_service and any(deck.serves(card, service) for card in evaluation.withheld)
    for each in evaluation.conclusions:
        if deck.serves(each.card, service) or (alone and each.card in RED_FLAGS and deck.knows(each.card)):
            yield each


def _unseen(evaluation: Evaluation, deck: Deck) -> Iterator[Conclusion]:
    """The card about data that were not seen, when there are any that a rule could have needed."""
    if not deck.knows(UNSEEN) or not evaluation.asked:
        return
    access = evaluation.access
    gaps = {kind: state for kind, state in access.items() if not state.complete}
    gaps |= {kind: Access.ABSENT for kind in deck.kinds if kind not in access}
    if not evaluation.evaluable:
        variant = "NOTHING-SEEN"
    elif any(state != Access.ABSENT or kind not in deck.silent_when_absent for kind, state in gaps.items()):
        variant = ""
    else:
        return
    notes = tuple(deck.unseen.get((kind, state), Text(kind, kind)) for kind, state in gaps.items())
    yield Conclusion(card=UNSEEN, rule="R7", variant=variant, notes=notes)


def _deal(conclusion: Conclusion, language: Language, deck: Deck) -> _Dealt:
    face = deck.face(conclusion.card, conclusion.variant, language)
    # The notes of this one card are its evidence: which data were not seen. English, so that language plays no part.
    more = [each.en for each in conclusion.notes] if conclusion.card == UNSEEN else ()
    return _Dealt(conclusion, face, evidence_hash(conclusion, more))


def _is_silent(dealt: _Dealt, context: CardContext) -> bool:
    """Whether a card was shown before, is not due again, and is no more severe than it was (PIT-19)."""
    before = context.dismissed.get(dealt.identity)
    return before is not None and not dealt.always_shown and dealt.face.rank[0] >= INDICATORS.index(before.indicator)


def _not_again(dealt: _Dealt, context: CardContext) -> dict[str, str]:
    return {
        "card": dealt.conclusion.card,
        "rule": dealt.conclusion.rule,
        "evidenceHash": dealt.identity,
        "reason": context.dismissed[dealt.identity].reason,
    }


def _within_limit(dealt: Sequence[_Dealt], limit: int) -> tuple[list[_Dealt], list[_Dealt]]:
    """What is shown, and what there is no room for."""
    room = limit - sum(each.always_shown for each in dealt)
    shown: list[_Dealt] = []
    left_out: list[_Dealt] = []
    for each in dealt:
        if each.always_shown:
            shown.append(each)
        elif room > 0:
            room -= 1
            shown.append(each)
        else:
            left_out.append(each)
    return shown, left_out


def _place_of_titles(shown: Sequence[_Dealt]) -> int:
    """Which card lists what was left out: the class card, else the last one, where a reader arrives who wants more."""
    for number, each in enumerate(shown):
        if each.conclusion.card.startswith("C-CLASS-"):
            return number
    return len(shown) - 1


def _card(
    dealt: _Dealt,
    evaluation: Evaluation,
    language: Language,
    context: CardContext,
    deck: Deck,
    left_out: Sequence[str],
) -> Card:
    conclusion, face, _ = dealt
    tongue = deck.tongues[language]
    values = _values(conclusion, language)
    offered, asked = _offered(conclusion, face, context, deck, tongue)
    extras = Extras(
        addenda=_addenda(conclusion, evaluation, tongue),
        notes=_withheld(conclusion, evaluation, tongue, deck),
        requests=[escape(request_label(each, language, tongue.phrases)) for each in asked],
        other_release=context.release is None and bool(conclusion.requests or _proposals(conclusion, face)),
        left_out=left_out,
        orders_not_seen=bool(conclusion.requests) and not evaluation.access.get("orders", Access.ABSENT).complete,
    )
    escaped = _Filled((name, escape(text)) for name, text in values.items())
    return Card(
        uuid=context.new_uuid(),
        summary=plain(face.summary.format_map(values), SUMMARY_LIMIT) if "{" in face.summary else face.summary,
        indicator=face.indicator,
        source=face.source,
        detail=detail(conclusion, face, tongue, escaped, extras),
        suggestions=offered,
        selectionBehavior="any" if offered else "",
        overrideReasons=face.overrides,
        extension=card_extension(conclusion, dealt.identity, deck.knowledge_version),
    )


def _offered(
    conclusion: Conclusion, face: Face, context: CardContext, deck: Deck, tongue: Tongue
) -> tuple[tuple[Suggestion, ...], Sequence[Request]]:
    """The suggestions, and what is asked for in words only: by a client of a release in which we write nothing, or for
    want of room."""
    room = ORDER_INFO_SUGGESTIONS if face.is_order and face.indicator == "info" else None
    language, phrases = tongue.language, tongue.phrases
    taken_back = removals(conclusion.removals[:room], language, context, phrases)
    if context.release is None:
        return taken_back, conclusion.requests
    places = None if room is None else room - len(taken_back)
    requests = conclusion.requests[:places]
    made = suggestions(requests, _proposals(conclusion, face), language, context, deck.templates, phrases)
    return taken_back + made, conclusion.requests[len(requests) :]


def _proposals(conclusion: Conclusion, face: Face) -> list[Proposal]:
    return [each for each in conclusion.proposals if each.key in face.proposals]


def _values(conclusion: Conclusion, language: Language) -> _Filled:
    values = _Filled((name, text.in_(language)) for name, text in conclusion.values.items())
    if "n" in values:
        values.setdefault("original", values["n"].translate(_ORIGINAL))
    return values


def _addenda(conclusion: Conclusion, evaluation: Evaluation, tongue: Tongue) -> list[Addendum]:
    """What each recognised form, or the parasite that is named, adds to its card."""
    known = tongue.addenda.get(conclusion.card)
    if not known:
        return []
    forms = {each.id for each in evaluation.forms}
    words = {text.in_(tongue.language) for text in conclusion.values.values()}
    return [added for value, added in known.items() if value in forms or added.name in words]


def _withheld(conclusion: Conclusion, evaluation: Evaluation, tongue: Tongue, deck: Deck) -> list[str]:
    """On the red-flag card: which cards are held back meanwhile (RED-1; never in silence)."""
    if conclusion.card not in RED_FLAGS or not evaluation.withheld:
        return []
    titles = f"{tongue.semicolon} ".join(deck.title(card, tongue.language) for card in evaluation.withheld)
    return [f"{tongue.sentence['withheld']} {titles}."]
