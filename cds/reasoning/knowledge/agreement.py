"""Chapters agree with each other: every name that one chapter takes from another exists there.

A schema can only judge its own file. Here stands, member by member, what the names in a member are names of; a name that
nobody knows is reported where it stands in the YAML, with the nearest right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from cds.reasoning.knowledge.cards import Ask, Card, Cards, Fact
from cds.reasoning.knowledge.classification import ClassCard, ClassificationChapter, Row
from cds.reasoning.knowledge.countries import CountriesChapter
from cds.reasoning.knowledge.criteria import Criterion
from cds.reasoning.knowledge.decisions import Decisions
from cds.reasoning.knowledge.dystrophic import (
    DystrophicCause,
    DystrophicChapter,
    Hints,
    Infusion,
    Microcrystal,
    Venous,
)
from cds.reasoning.knowledge.forms import (
    Differential,
    DifferentialItem,
    Flag,
    FormRule,
    FormsChapter,
    Mass,
    NearJoint,
    ParasitePattern,
    Parasites,
    Pattern,
    Tumour,
)
from cds.reasoning.knowledge.kidney import Dialysis
from cds.reasoning.knowledge.laboratory import LaboratoryChapter
from cds.reasoning.knowledge.language import SitesChapter, TermsChapter
from cds.reasoning.knowledge.medicines import MedicinesChapter
from cds.reasoning.knowledge.metabolic import CauseCard, CauseRule, History, Sourced
from cds.reasoning.knowledge.minerals import Grounds
from cds.reasoning.knowledge.nearest import did_you_mean
from cds.reasoning.knowledge.orders import Duplicates, Imaging, Interval, OrderClass, OrderRule, OrdersChapter, Want
from cds.reasoning.knowledge.orders import Reason as OrderReason
from cds.reasoning.knowledge.orders import Row as OrderRow
from cds.reasoning.knowledge.porter import Competing, VenousContext
from cds.reasoning.knowledge.reading import Mistake, lines_of
from cds.reasoning.knowledge.recognition import Pregnancy, RecognitionChapter, Trigger
from cds.reasoning.knowledge.redflag import Context, Downgrade, PainfulUlcer, RedFlagChapter, SkinEvidence, Words
from cds.reasoning.knowledge.redflag import Warning_ as RedFlagWarning
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.suppression import CardDays, MostADay, ReasonDays
from cds.reasoning.knowledge.venous import Attribution, Withheld
from cds.reasoning.knowledge.venous import Grounds as VenousGrounds
from cds.reasoning.knowledge.venous import Requests as VenousRequests
from cds.reasoning.knowledge.vocabulary import LabBound
from cds.reasoning.knowledge.wording import Wording
from cds.reasoning.knowledge.workup import Item, Workup

__all__ = ["NAMES", "Kind", "disagreements"]

Kind = Literal[
    "concept", "medicine", "layer-or-site", "site", "compatible-site", "region", "form", "lab", "shown", "card",
    "class-variant", "request", "source", "decision", "form-value", "parasite-value", "reason-value", "test-value",
    "order-variant", "override-reason", "country",
]  # fmt: skip
"""What a name is a name of: an entry of another chapter."""

NAMES: Mapping[type[BaseModel], Mapping[str, Kind]] = {
    Ask: {"key": "request"},
    Attribution: {"area": "site"},
    Card: {"sources": "source"},
    CardDays: {"id": "card"},
    CauseCard: {"id": "card"},
    CauseRule: {
        "concepts": "concept", "decisions": "decision", "shows": "shown", "medicines": "medicine", "asks": "request",
    },
    ClassCard: {"card": "card", "variant": "class-variant"},
    ClassificationChapter: {"red_flag_variant": "class-variant", "sources": "source"},
    Competing: {"concept": "concept", "medicine": "medicine", "lab": "lab", "area": "site"},
    Context: {"venous": "concept"},
    Dialysis: {"concepts": "concept"},
    Differential: {"card": "card", "tags": "source"},
    DifferentialItem: {"concepts": "concept", "labs": "lab"},
    Downgrade: {"evidence": "concept", "areas": "site", "explained_by": "concept"},
    DystrophicCause: {
        "concept": "concept", "weak_with": "concept", "site": "compatible-site", "tags": "source",
        "part_of": "concept",
    },
    Duplicates: {"card": "card", "sources": "source"},
    DystrophicChapter: {"patterns": "concept"},
    Fact: {"source": "source"},
    Flag: {"words": "concept"},
    FormRule: {"id": "form-value", "names": "concept", "not_with": "form", "never_in": "region"},
    FormsChapter: {"card": "card", "tags": "source"},
    Grounds: {"tags": "source"},
    Hints: {"card": "card", "diseases": "concept", "hand": "site", "forms": "form", "tags": "source"},
    History: {"concepts": "concept", "cures": "concept"},
    Infusion: {
        "classes": "medicine", "heparins": "medicine", "heparin_area": "site", "concept": "concept", "extravasation": "concept", "card": "card",
        "tags": "source",
    },
    Interval: {"tests": "lab", "called": "test-value"},
    Imaging: {"classes": "test-value"},
    Item: {"lab": "lab"},
    Mass: {"concepts": "concept", "words": "concept"},
    Microcrystal: {
        "causes": "concept", "requests": "request", "tophus": "concept",
        "tophus_request": "request",
    },
    MostADay: {"id": "card"},
    NearJoint: {"words": "concept"},
    PainfulUlcer: {"ulcers": "concept", "words": "concept"},
    OrderClass: {"names": "medicine"},
    OrderReason: {"reason": "reason-value"},
    OrderRow: {"sources": "source", "variant": "order-variant"},
    OrderRule: {"card": "card"},
    OrdersChapter: {"named_tumours": "concept", "open_ulcers": "concept"},
    Parasites: {
        "card": "card", "concepts": "parasite-value", "somewhere": "parasite-value", "occurs_in": "country",
        "tags": "source",
    },
    ParasitePattern: {"words": "concept", "placeholder": "parasite-value"},
    Pattern: {"words": "concept", "areas": "site", "beside": "concept"},
    Pregnancy: {"concept": "concept"},
    ReasonDays: {"id": "override-reason"},
    RecognitionChapter: {"strong_in_reports": "concept"},
    RedFlagChapter: {"calciphylaxis": "concept"},
    RedFlagWarning: {"medicines": "medicine"},
    Row: {"decisions": "decision"},
    SkinEvidence: {"concepts": "concept", "words": "concept"},
    Sourced: {"tags": "source"},
    Trigger: {"by_code": "concept", "by_form": "concept", "never_in": "region"},
    Tumour: {"card": "card", "named": "concept", "coded": "concept", "tags": "source"},
    Venous: {"concept": "concept", "tags": "source"},
    VenousContext: {"area": "site", "concepts": "concept", "reflux": "concept"},
    VenousGrounds: {"tags": "source"},
    VenousRequests: dict.fromkeys(VenousRequests.model_fields, "request"),
    Want: {"key": "request"},
    Withheld: {"critical": "card", "warning": "card"},
    Words: {"words": "concept"},
}  # fmt: skip
"""Schema -> member -> what its names are names of. "" is no name; of a mapping, keys and names among the values."""

QUESTIONS: Mapping[str, Kind] = {
    "diagnosis": "concept",
    "mention": "concept",
    "mention-alone": "concept",
    "reported": "concept",
    "medicine": "medicine",
    "form": "form",
    "calcification": "layer-or-site",
    "lab": "lab",
    "lab-status": "lab",
    "lab-low": "lab",
    "lab-upper-half": "lab",
    "accepted": "concept",
    "recorded": "concept",
    "measured": "lab",
}
"""Question -> what stands right of its colon."""


_THAT_NAME = (
    "cards", "classification", "dystrophic", "forms", "kidney", "metabolic", "minerals", "orders", "porter", "recognition",
    "redflag", "suppression", "venous", "workup",
)  # fmt: skip
"""The chapters that take names from others."""


class _Named(NamedTuple):
    chapter: str
    name: str
    kind: Kind


def disagreements(chapters: Mapping[str, BaseModel], folders: Sequence[Path]) -> list[Mistake]:
    """Every name in `chapters` that the chapter it points to does not have, each once per chapter."""
    known = _known(chapters)
    strays = dict.fromkeys(
        each for name in _THAT_NAME for each in _named(name, chapters[name]) if each.name not in known[each.kind]
    )
    return [mistake for each in strays for mistake in _mistakes(each, known[each.kind], folders)]


def _mistakes(stray: _Named, known: frozenset[str], folders: Sequence[Path]) -> Iterator[Mistake]:
    message = f"'{stray.name}' is no {_CALLED[stray.kind]}{did_you_mean(stray.name, known, 0.6)}"
    for file, line in lines_of(stray.name, stray.chapter, folders) or [(f"{stray.chapter}.yaml", 1)]:
        yield Mistake(file, line, message)


_CALLED: Mapping[Kind, str] = {
    "concept": "concept of rules/terms, nor of coded-only in rules/recognition.yaml",
    "medicine": "class of rules/medicines.yaml",
    "layer-or-site": "layer of a calcification, nor a region or area of rules/sites.yaml",
    "site": "region or area of rules/sites.yaml",
    "compatible-site": "region or area of rules/sites.yaml, nor 'same' or 'any'",
    "region": "region of rules/sites.yaml",
    "form": "form of rules/forms.yaml",
    "lab": "test of rules/laboratory.yaml",
    "shown": "test of rules/laboratory.yaml, nor calcium-chosen, pth-paired or medicines",
    "card": "card of rules/cards",
    "class-variant": "variant of a class card",
    "request": "item or group of rules/workup.yaml",
    "source": "source of rules/sources.yaml",
    "decision": "decision of rules/decisions.yaml",
    "form-value": "value of the placeholder form in rules/cards",
    "parasite-value": "value of the placeholder parasite in rules/cards",
    "reason-value": "value of the placeholder reason or pressure in rules/cards",
    "test-value": "value of the placeholder test in rules/cards",
    "order-variant": "variant of a card of orders",
    "override-reason": "override reason of rules/wording.yaml",
    "country": "country of rules/countries.yaml",
}
_LAYERS = ("subcutaneous", "dermis", "muscle", "fascia", "periarticular", "soft-tissue")


def _known(chapters: Mapping[str, Any]) -> Mapping[Kind, frozenset[str]]:
    """What every kind of name may be."""
    terms: TermsChapter = chapters["terms"]
    recognition: RecognitionChapter = chapters["recognition"]
    sites: SitesChapter = chapters["sites"]
    laboratory: LaboratoryChapter = chapters["laboratory"]
    medicines: MedicinesChapter = chapters["medicines"]
    forms: FormsChapter = chapters["forms"]
    cards: Cards = chapters["cards"]
    classification: ClassificationChapter = chapters["classification"]
    workup: Workup = chapters["workup"]
    sources: Sources = chapters["sources"]
    decisions: Decisions = chapters["decisions"]
    wording: Wording = chapters["wording"]
    countries: CountriesChapter = chapters["countries"]
    regions = frozenset(each.id for each in sites.regions)
    places = regions | {each.id for each in sites.areas}
    labs = frozenset(each.id for each in laboratory.tests)
    class_cards = {each.card for each in classification.cards.values()}
    return {
        "concept": frozenset(each.id for each in terms.terms) | {each.id for each in recognition.coded_only},
        "medicine": frozenset(each.id for each in medicines.classes),
        "layer-or-site": places.union(_LAYERS),
        "site": places,
        "compatible-site": places.union(("same", "any")),
        "region": regions,
        "form": frozenset(each.id for each in forms.forms),
        "lab": labs,
        "shown": labs.union(("calcium-chosen", "pth-paired", "medicines")),
        "card": frozenset(cards.by_id),
        "class-variant": frozenset(
            variant.id for card in cards.cards if card.id in class_cards for variant in card.variants
        ),
        "request": frozenset((*workup.by_id, *workup.group_by_id)),
        "source": frozenset(sources.by_id),
        "decision": frozenset(decisions.by_id),
        "form-value": frozenset(each.id for each in cards.placeholder("form").values),
        "parasite-value": frozenset(each.id for each in cards.placeholder("parasite").values),
        "reason-value": frozenset(
            each.id for name in ("reason", "pressure") for each in cards.placeholder(name).values
        ),
        "test-value": frozenset(each.id for each in cards.placeholder("test").values),
        "order-variant": frozenset(
            variant.id for card in cards.cards if card.group == "order" for variant in card.variants
        ),
        "country": frozenset(each.id for each in countries.countries),
        "override-reason": frozenset(each.id for each in (*wording.override_reasons, *wording.order_override_reasons)),
    }


def _named(chapter: str, value: Any) -> Iterator[_Named]:
    """Every name in `value` that belongs to another chapter."""
    if isinstance(value, Criterion):
        for leaf in value.leaves():
            kind = QUESTIONS.get(leaf.kind)
            if kind is not None:
                names = (leaf.argument.lab,) if isinstance(leaf.argument, LabBound) else leaf.argument
                yield from (_Named(chapter, name, kind) for name in names)
    elif isinstance(value, BaseModel):
        kinds = NAMES.get(type(value), {})
        for member, kind in kinds.items():
            yield from (_Named(chapter, name, kind) for name in _names(getattr(value, member)))
        for member in type(value).model_fields:
            yield from _named(chapter, getattr(value, member))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _named(chapter, each)
    elif isinstance(value, tuple) and not hasattr(value, "_fields"):
        for each in value:
            yield from _named(chapter, each)


def _names(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, Mapping):
        return (*value, *(each for each in value.values() if each not in _LAYERS))
    return tuple(name for each in value or () if isinstance(each, str | tuple) for name in _names(each))
