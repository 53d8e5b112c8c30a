"""The knowledge: every chapter of rules/, read strictly, laid over by a site's own folder, loaded once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cds.reasoning.knowledge.agreement import disagreements
from cds.reasoning.knowledge.cards import Cards
from cds.reasoning.knowledge.classification import ClassificationChapter
from cds.reasoning.knowledge.countries import CountriesChapter
from cds.reasoning.knowledge.decisions import Decisions
from cds.reasoning.knowledge.dystrophic import DystrophicChapter
from cds.reasoning.knowledge.forms import FormsChapter
from cds.reasoning.knowledge.kidney import KidneyChapter
from cds.reasoning.knowledge.laboratory import LaboratoryChapter
from cds.reasoning.knowledge.language import CalcificationChapter, SitesChapter, TermsChapter, WordsChapter
from cds.reasoning.knowledge.medicines import MedicinesChapter
from cds.reasoning.knowledge.metabolic import MetabolicChapter
from cds.reasoning.knowledge.minerals import MineralsChapter
from cds.reasoning.knowledge.names import Names, names_of
from cds.reasoning.knowledge.orders import OrdersChapter
from cds.reasoning.knowledge.pitfalls import Pitfalls
from cds.reasoning.knowledge.porter import PorterChapter
from cds.reasoning.knowledge.reading import Mistake, Mistakes, read_chapter
from cds.reasoning.knowledge.recognition import RecognitionChapter
from cds.reasoning.knowledge.redflag import RedFlagChapter
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.suppression import Suppression
from cds.reasoning.knowledge.venous import VenousChapter
from cds.reasoning.knowledge.wording import Wording
from cds.reasoning.knowledge.workup import Workup
from cds.reasoning.language.reading import Language

__all__ = ["CHAPTERS", "Knowledge"]

M = TypeVar("M", bound=BaseModel)

CHAPTERS: dict[str, type[BaseModel]] = {
    "calcification-words": CalcificationChapter,
    "cards": Cards,
    "classification": ClassificationChapter,
    "countries": CountriesChapter,
    "decisions": Decisions,
    "dystrophic": DystrophicChapter,
    "forms": FormsChapter,
    "kidney": KidneyChapter,
    "laboratory": LaboratoryChapter,
    "medicines": MedicinesChapter,
    "metabolic": MetabolicChapter,
    "minerals": MineralsChapter,
    "orders": OrdersChapter,
    "pitfalls": Pitfalls,
    "porter": PorterChapter,
    "recognition": RecognitionChapter,
    "redflag": RedFlagChapter,
    "sites": SitesChapter,
    "sources": Sources,
    "suppression": Suppression,
    "terms": TermsChapter,
    "venous": VenousChapter,
    "wording": Wording,
    "words": WordsChapter,
    "workup": Workup,
}
"""Every chapter: a file or a folder of rules/, and its schema."""

_NOT_RULES = frozenset({"coverage"})
"""Files of rules/ that document the rules and are read by no rule."""


@dataclass(frozen=True)
class Knowledge:
    """Everything of rules/ that an evaluation asks."""

    version: str
    """Changes whenever a file of any folder changes: the release, and twelve digits of a digest of all chapters."""
    language: Language
    cards: Cards
    classification: ClassificationChapter
    countries: CountriesChapter
    decisions: Decisions
    dystrophic: DystrophicChapter
    forms: FormsChapter
    kidney: KidneyChapter
    laboratory: LaboratoryChapter
    medicines: MedicinesChapter
    metabolic: MetabolicChapter
    minerals: MineralsChapter
    orders: OrdersChapter
    pitfalls: Pitfalls
    porter: PorterChapter
    recognition: RecognitionChapter
    redflag: RedFlagChapter
    sources: Sources
    suppression: Suppression
    terms: TermsChapter
    venous: VenousChapter
    wording: Wording
    workup: Workup

    @cached_property
    def names(self) -> Names:
        """What every id is called, for reading rules aloud."""
        return names_of(self)

    @cached_property
    def causes(self) -> frozenset[str]:
        """Concepts that are causes, metabolic or dystrophic, and neither forms nor words that qualify another cause."""
        metabolic = {
            concept for rule in (*self.metabolic.causes, *self.metabolic.associations) for concept in rule.concepts
        }
        forms = {name for form in self.forms.forms for name in form.names}
        causes = self.dystrophic.causes
        qualifiers = {name for cause in causes for name in cause.weak_with}
        return frozenset((metabolic | {cause.concept for cause in causes}) - forms - qualifiers)

    @classmethod
    def load(cls, folders: Sequence[Path], release: str = "") -> Knowledge:
        """The package's folder, with a site's own folder laid over it.

        Raises Mistakes with everything that is wrong in any chapter.
        """
        mistakes = list(_strange_files(folders))
        read: dict[str, BaseModel] = {}
        for name, model in CHAPTERS.items():
            try:
                read[name] = read_chapter(model, name, folders)
            except Mistakes as found:
                mistakes += found.mistakes
        mistakes = mistakes or disagreements(read, folders)
        if mistakes:
            raise Mistakes(mistakes)

        def chapter(name: str, model: type[M]) -> M:
            found = read[name]
            assert isinstance(found, model)
            return found

        language = Language(
            chapter("words", WordsChapter),
            chapter("sites", SitesChapter),
            chapter("terms", TermsChapter),
            chapter("calcification-words", CalcificationChapter),
        )
        rest = {name: found for name, found in read.items() if name not in ("words", "sites", "calcification-words")}
        version = "+".join(each for each in (release, _digest(folders)) if each)
        return cls(version=version, language=language, **rest)  # type: ignore[arg-type]


def _strange_files(folders: Iterable[Path]) -> Iterable[Mistake]:
    """A file that no chapter reads is a mistake: most likely a misspelt name."""
    known = {*CHAPTERS, *_NOT_RULES}
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            if file.stem not in known:
                yield Mistake(file.name, 1, "this is no chapter of rules/")


def _digest(folders: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*.yaml")):
            found.update(file.relative_to(folder).as_posix().encode())
            found.update(file.read_bytes())
    return found.hexdigest()[:12]
