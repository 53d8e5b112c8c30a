"""Schemas of the chapters about words: rules/words.yaml, sites.yaml, terms/, calcification-words.yaml.

Phrases are written in the notation of `cds.reasoning.language.patterns`; a mistake in one is reported like any other
mistake of the YAML, with file and line.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.nearest import did_you_mean
from cds.reasoning.knowledge.reading import Dashed
from cds.reasoning.language.patterns import Lexicon

__all__ = [
    "Area",
    "CalcificationChapter",
    "Layer",
    "Organ",
    "Phrases",
    "Region",
    "SitesChapter",
    "Structure",
    "Term",
    "TermsChapter",
    "WordsChapter",
]

Layer = Literal["subcutaneous", "dermis", "muscle", "fascia", "periarticular", "soft-tissue"]


def _phrase(phrase: str) -> str:
    Lexicon([(None, [phrase])])
    return phrase


Phrase = Annotated[str, Field(min_length=1), AfterValidator(_phrase)]


class Phrases(Dashed):
    """Phrases of both languages; a phrase that is the same in both stands under either."""

    fr: tuple[Phrase, ...] = ()
    en: tuple[Phrase, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.fr + self.en


class Negation(Dashed):
    """ACC-3: what denies, how far it reaches, what only looks like a denial."""

    tokens_before: int
    """A denial reaches a term that begins within so many words after it."""
    tokens_after: int
    before: Phrases
    after: Phrases
    next_word_only: Phrases
    """"non": denies the word that follows and nothing else."""
    own_noun_only: Phrases
    """Phrases that deny only the noun they hold ("sans effet de masse")."""
    ends: Phrases
    """Words at which the reach of a denial ends."""
    list_words: Phrases
    """Words that continue a list of denied things across commas."""
    not_negations: Phrases
    """Removed before the test."""
    answers: Phrases
    """Denials after a colon: "soft tissue calcification: none"."""


class Doubt(Dashed):
    """ACC-3: hypothetical words."""

    before: Phrases
    after: Phrases


class Relatives(Dashed):
    """ACC-3: whose disease it is."""

    words: Phrases
    """Make the sentence one about a relative."""
    with_possessive: Phrases
    """Only after a possessive or before "of the patient": fils, fille, enfant, son, daughter."""
    possessives: Phrases
    of_the_patient: Phrases
    never: Phrases
    """Sayings that hold such a word and speak of nobody's relatives."""


class SeverityWords(Dashed):
    """CVI-1: the severity vocabulary."""

    absent: Phrases
    """Only where they begin or end a text of a few words: a whole report that denies a fracture grades nothing."""
    not_absent: Phrases
    mild: Phrases
    moderate: Phrases
    marked: Phrases


class WordsChapter(Dashed):
    """rules/words.yaml."""

    source: tuple[str, ...]
    negation: Negation
    doubt: Doubt
    relatives: Relatives
    severity: SeverityWords
    ceap: Phrases
    """Names of the CEAP classification (8.3)."""


class Region(Dashed):
    """One region of the body."""

    id: str
    term: Text
    parents: tuple[str, ...] = ()
    joint: bool = False
    """A named joint region (DYS-1: HA, CPPD, haemochromatosis)."""
    segment: bool = False
    """A limb segment."""
    place: bool = False
    """A body region in the sense of TRG-2."""
    fr: tuple[Phrase, ...] = ()
    en: tuple[Phrase, ...] = ()
    alone: tuple[Phrase, ...] = ()
    """Words that mean the region only where the whole text is nothing else ("main")."""


class Area(Dashed):
    """A set of regions that a rule names: everything inside `regions`, and `also` without what is inside it."""

    id: str
    term: Text
    source: tuple[str, ...]
    regions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    joints: bool = False
    """Every joint region as well."""


class Sides(Dashed):
    left: Phrases
    right: Phrases
    both: Phrases
    never: Phrases


class SitesChapter(Dashed):
    """rules/sites.yaml."""

    source: tuple[str, ...]
    sides: Sides
    never: Phrases
    """Phrases that hold the word of a region and mean something else ("femoral neck", "celiac trunk")."""
    regions: tuple[Region, ...]
    areas: tuple[Area, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> SitesChapter:
        known = {region.id for region in self.regions}
        named = {parent for region in self.regions for parent in region.parents}
        named |= {region for area in self.areas for region in (*area.regions, *area.also)}
        for name in sorted(named - known):
            raise ValueError(f"'{name}' is no region{did_you_mean(name, known, 0.6)}")
        return self


class Term(Dashed):
    """One concept or pattern and the words that say it."""

    id: str
    """concept_id of the catalogue, or id of a pattern."""
    group: Literal["finding", "lab", "metastatic-cause", "dystrophic-cause", "form", "cvi-sign", "procedure", "pattern"]
    """As in the catalogue; "pattern": words that a rule asks for, no concept of their own."""
    term: Text
    source: tuple[str, ...]
    """Rule ids, as in the catalogue."""
    fr: tuple[Phrase, ...] = ()
    en: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()
    """Phrases that hold such words and say something else."""
    alone: tuple[Phrase, ...] = ()
    """Abbreviations that count only where the whole sentence is nothing else ("LES" is also a French article)."""
    larger_than_cm: float | None = None
    """The words count only in a sentence that names a size above this."""
    note: Text | None = None

    @property
    def phrases(self) -> tuple[str, ...]:
        return self.fr + self.en + self.alone


class TermsChapter(Dashed):
    """rules/terms/*.yaml."""

    terms: tuple[Term, ...]


class Structure(Dashed):
    """Something that calcifies and is no soft tissue in the sense of TRG-2."""

    id: str
    term: Text
    fr: tuple[Phrase, ...] = ()
    en: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()
    spares: tuple[str, ...] = ()
    """Ids of the calcification terms that this structure doesn't exclude (veins and phleboliths)."""
    beside: bool = False
    """"Beside" such a structure is outside of it: calcification next to a bone is in soft tissue."""


class Organ(Structure):
    """An organ, and the regions that are its own: they don't make its calcification one of soft tissue."""

    regions: tuple[str, ...] = ()


class SoftWord(Dashed):
    layer: Layer
    fr: tuple[Phrase, ...] = ()
    en: tuple[Phrase, ...] = ()


class CalcificationTerm(Dashed):
    id: str
    fr: tuple[Phrase, ...] = ()
    en: tuple[Phrase, ...] = ()
    is_place: bool = False
    """The word itself says a soft tissue (calcinosis)."""


class CalcificationChapter(Dashed):
    """rules/calcification-words.yaml: TRG-2."""

    source: tuple[str, ...]
    terms: tuple[CalcificationTerm, ...]
    never_terms: Phrases
    ossification: Phrases
    soft_words: tuple[SoftWord, ...]
    never_soft: Phrases
    lesions: Phrases
    never_lesions: Phrases
    unremarkable: Phrases
    """Words that say that what stands before them is normal."""
    unremarkable_before: Phrases
    structures: tuple[Structure, ...]
    organs: tuple[Organ, ...]
    pelvis: Phrases
    beside: Phrases
    coordinating: Phrases
    joining: Phrases
    """Words between two things that the calcification lies in both of."""
    belonging: Phrases
    """Words between a structure and the region that it belongs to."""
