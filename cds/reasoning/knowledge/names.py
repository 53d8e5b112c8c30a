"""What every id of rules/ is called in both languages, by the kind of thing that it is the id of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.literals import GRADES, LITERALS
from cds.reasoning.knowledge.vocabulary import ANSWERS, LAYERS

if TYPE_CHECKING:
    from cds.reasoning.knowledge import Knowledge

__all__ = ["Names", "names_of"]


class Names(NamedTuple):
    """Kind -> id -> what it is called. The same id may be one thing as a test and another as an order."""

    kinds: Mapping[str, Mapping[str, Text]]
    units: Mapping[str, Text]
    """Laboratory test -> its canonical unit, as it is shown."""

    def called(self, name: str, of: str) -> Text | None:
        """What `name` is called, looked for in the kinds `of` (one or several, with spaces); None where it has no words."""
        for kind in of.split():
            if (text := self.kinds[kind].get(name)) is not None:
                return text
        return None


class _Termed(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def term(self) -> Text: ...


class _Worded(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def text(self) -> Text: ...


def _terms(entries: Iterable[_Termed]) -> dict[str, Text]:
    return {each.id: each.term for each in entries}


def _texts(entries: Iterable[_Worded]) -> dict[str, Text]:
    return {each.id: each.text for each in entries}


def names_of(knowledge: Knowledge) -> Names:
    """The names of everything that the chapters speak of."""
    cards, sites, workup, wording = knowledge.cards, knowledge.language.sites, knowledge.workup, knowledge.wording
    competing = [each for list_ in knowledge.porter.explained_by.values() for each in list_]
    kinds: dict[str, Mapping[str, Text]] = {
        "answer": ANSWERS,
        "literal": LITERALS,
        "grade": GRADES,
        "range": {},
        "layer": LAYERS,
        "concept": _terms((*knowledge.terms.terms, *knowledge.recognition.coded_only)),
        "medicine": _terms(knowledge.medicines.classes),
        "order": _terms(knowledge.orders.classes),
        "test": _terms(knowledge.laboratory.tests),
        "place": _terms((*sites.regions.values(), *sites.areas.values())),
        "form": _terms(knowledge.forms.forms),
        "sign": _terms(knowledge.porter.signs),
        "competing": _terms(competing),
        "cause": _terms((*knowledge.metabolic.causes, *knowledge.metabolic.associations)),
        "class": {str(name): text for name, text in wording.classes.items()},
        "card": {each.id: _called(each.id, each.topic) for each in cards.cards},
        "value": {value.id: value.text for each in cards.placeholders for value in each.values},
        "proposal": _texts(cards.proposals),
        "request": _texts((*workup.items, *workup.groups)),
        "source": {each.id: _called(each.id, each.short) for each in knowledge.sources.sources},
        "reason": _texts((*wording.override_reasons, *wording.order_override_reasons)),
        "country": _terms(knowledge.countries.countries),
        "differential": {each.id: Text(each.en, each.fr) for each in knowledge.forms.differential.items},
    }
    kinds["gap"] = {**{str(kind): text for kind, text in wording.kinds.items()}, **LITERALS}
    units = {each.id: wording.units.get(each.unit, Text(each.unit, each.unit)) for each in knowledge.laboratory.tests}
    return Names(kinds, units)


def _called(id_: str, text: Text) -> Text:
    return Text(f"{id_} ({text.en})", f"{id_} ({text.fr})")
