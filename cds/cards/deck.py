"""The deck: every card of rules/cards, prepared once per language, so that a request only has to fill it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cds.cards.context import Options
from cds.cards.formats import Formats
from cds.cards.markdown import escape
from cds.cards.suggestions import Phrases, Templates, checked_templates
from cds.hooks.languages import Language
from cds.hooks.models import Coding, Indicator, Source
from cds.reasoning.conclusions import Certainty, Text
from cds.reasoning.knowledge.cards import Card, Cards, Fact, Variant
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.wording import Headings, Wording

__all__ = ["INDICATORS", "Addendum", "Deck", "Face", "Language", "Tongue"]

LANGUAGES: tuple[Language, ...] = ("en", "fr")

INDICATORS = ("critical", "warning", "info")
"""Most severe first."""
_GROUPS = ("red-flag", "alarm", "cause", "class", "venous", "form", "differential", "other", "order")
_ORDER = "order"
_UNLIMITED = 10_000


class Face(NamedTuple):
    """One card in one variant and one language: everything that does not depend on the patient, as Markdown."""

    rank: tuple[int, int, int]
    """Where it stands: indicator, group, place in rules/cards (section 12, "Ordering")."""
    indicator: Indicator
    title: str
    source: Source
    summary: str
    """Plain text, with placeholders."""
    conclusion: str
    """Markdown, with placeholders."""
    messages: tuple[str, ...]
    changes: tuple[str, ...]
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    overrides: tuple[Coding, ...]
    proposals: frozenset[str]
    is_order: bool = False
    """Whether it is about a draft order: its detail has another order, and it offers less (12b.5)."""


class Addendum(NamedTuple):
    """What a value of a placeholder adds to the card: the facts and messages of a form or of a parasite."""

    name: str
    """The value as it stands in the summary."""
    messages: tuple[str, ...]
    facts: tuple[str, ...]


class Tongue(NamedTuple):
    """The words of one language that no card owns, ready for use."""

    language: Language
    colon: str
    semicolon: str
    formats: Formats
    phrases: Phrases
    heading: Mapping[str, str]
    """Member of Headings -> "**Heading**"."""
    table: str
    """The two head lines of the table of data."""
    opening: Mapping[Certainty | None, str]
    """How a detail begins, by the certainty of its conclusion."""
    why: str
    """How the reason begins, where a draft order and a datum should not meet."""
    gaps: Mapping[str, str]
    sentence: Mapping[str, str]
    sources: Mapping[str, str]
    """Tag -> tag with a few words."""
    addenda: Mapping[str, Mapping[str, Addendum]]
    """Card id -> value id of its placeholder -> what that value adds."""


class Deck:
    """All cards in both languages. Made once when the service starts; never changes."""

    def __init__(
        self,
        cards: Cards,
        wording: Wording,
        sources: Sources,
        options: Options,
        knowledge_version: str,
        templates: Templates | None = None,
    ) -> None:
        """Prepares every card. `templates` None: they are checked now, which takes most of a second."""
        self.options = options
        self.knowledge_version = knowledge_version
        self.templates = templates or checked_templates()
        self._services: dict[str, str] = {each.id: each.service for each in cards.cards}
        self.tongues = {language: _tongue(cards, wording, sources, language) for language in LANGUAGES}
        self._faces = {
            (card.id, variant.id, language): self._face(card, variant, place, wording, language)
            for place, card in enumerate(cards.cards)
            for variant in card.variants
            for language in LANGUAGES
        }
        self.silent_when_absent = frozenset(wording.silent_when_absent)
        self.kinds = tuple(wording.kinds)
        self.unseen: dict[tuple[str, str], Text] = {
            (kind, state): Text(f"{what.en}: {why.en}", f"{what.fr} : {why.fr}")
            for kind, what in wording.kinds.items()
            for state, why in wording.states.items()
        }
        """(kind of data, state) -> what was not seen and why."""

    def knows(self, card: str) -> bool:
        """Whether the site has this card; one that it switched off is not shown."""
        return card in self._services

    def service(self, card: str) -> str:
        """The service that `card` belongs to, "every" for all of them, "" when the site has no such card."""
        return self._services.get(card, "")

    def serves(self, card: str, service: str) -> bool:
        """Whether `service` shows `card`."""
        return self.service(card) in (service, "every")

    def face(self, card: str, variant: str, language: Language) -> Face:
        """The prepared card. Raises KeyError when rules/cards has no such variant: a defect of the rule."""
        return self._faces[card, variant, language]

    def title(self, card: str, language: Language) -> str:
        """What the card is about; its id when the site has no such card."""
        return next((face.title for key, face in self._faces.items() if key[0] == card and key[2] == language), card)

    def _face(self, card: Card, variant: Variant, place: int, wording: Wording, language: Language) -> Face:
        system = f"{self.options.canonical_base}/CodeSystem"
        topic = Coding(system=f"{system}/cards", code=card.id, display=card.topic.in_(language))
        indicator, is_order = variant.indicator or card.indicator, card.group == _ORDER
        reasons = wording.order_override_reasons if is_order else wording.override_reasons
        changes = card.changes if variant.changes is None else variant.changes
        return Face(
            rank=(INDICATORS.index(indicator), _GROUPS.index(card.group), place),
            indicator=indicator,
            title=escape(card.topic.in_(language)),
            source=Source(label=self.options.service_label, url=self.options.source_url, topic=topic),
            summary=variant.summary.in_(language),
            conclusion=_words(variant.conclusion, language),
            messages=_all(card.messages + variant.messages, language),
            changes=_all(changes, language),
            facts=tuple(_fact(each, language) for each in card.facts),
            sources=card.sources,
            overrides=tuple(
                Coding(
                    system=each.system or f"{system}/override-reasons", code=each.id, display=each.text.in_(language)
                )
                for each in (reasons if indicator != "info" else ())
            ),
            proposals=frozenset(variant.proposals),
            is_order=is_order,
        )


def _tongue(cards: Cards, wording: Wording, sources: Sources, language: Language) -> Tongue:
    columns = wording.columns
    heads = [escape(each.in_(language)) for each in (
        columns.datum, columns.value, columns.unit, columns.date, columns.resource
    )]  # fmt: skip
    return Tongue(
        language=language,
        colon=" :" if language == "fr" else ":",
        semicolon=" ;" if language == "fr" else ";",
        formats=Formats(wording, language),
        phrases=Phrases.of(wording.labels, language),
        heading={name: f"**{_words(getattr(wording.headings, name), language)}**" for name in Headings.model_fields},
        table=f"| {' | '.join(heads)} |\n|---|--:|---|---|---|",
        opening=_openings(wording, language),
        why=f"**{_words(wording.headings.why, language)}.**",
        gaps={name: _words(text, language) for name, text in wording.gaps.items()},
        sentence={
            name: _words(getattr(wording.sentences, name), language) for name in type(wording.sentences).model_fields
        },
        sources={each.id: _source(each.id, each.short, each.status, wording, language) for each in sources.sources},
        addenda=_addenda(cards, language),
    )


def _openings(wording: Wording, language: Language) -> dict[Certainty | None, str]:
    what = _words(wording.headings.conclusion, language)
    openings: dict[Certainty | None, str] = {None: f"**{what}.**"}
    for name, text in wording.certainty.items():
        openings[name] = f"**{what} ({_words(text, language)}).**"
    return openings


def _addenda(cards: Cards, language: Language) -> dict[str, dict[str, Addendum]]:
    lists = {f"{{{each.id}}}": each.values for each in cards.placeholders if each.values}
    return {
        card.id: {
            value.id: Addendum(
                value.text.in_(language),
                _all(value.messages, language),
                tuple(_fact(each, language) for each in value.facts),
            )
            for name, values in lists.items()
            if name in card.variants[0].summary.en
            for value in values
        }
        for card in cards.cards
        if any(name in card.variants[0].summary.en for name in lists)
    }


def _source(tag: str, short: Text, status: str, wording: Wording, language: Language) -> str:
    words = short.in_(language)
    if status != "seen":
        words += f", {wording.statuses[status].in_(language)}"  # type: ignore[index]
    return escape(f"{tag} ({words})")


def _fact(fact: Fact, language: Language) -> str:
    """The French words of the source document as they are; in English with their translation before them."""
    quote = f"« {escape(fact.quote, _UNLIMITED)} »"
    if language == "en":
        return f"{escape(fact.en, _UNLIMITED)} ({quote})"
    return f"{escape(fact.fr, _UNLIMITED)} {quote}" if fact.fr else quote


def _words(text: Text, language: Language) -> str:
    return escape(text.in_(language), _UNLIMITED)


def _all(texts: Iterable[Text], language: Language) -> tuple[str, ...]:
    return tuple(_words(each, language) for each in texts)
