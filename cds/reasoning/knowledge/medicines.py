"""The chapter rules/medicines.yaml: what medicines are called, class by class (ACC-7, item 8).

Classes are concepts of the clinical specification; their codes stand in profiles/valuesets.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Strict

__all__ = ["Brands", "MedicineClass", "MedicinesChapter", "NamedMedicine"]


class Brands(Strict):
    """Brands by country, so that each country's list can be checked by itself; all are matched everywhere."""

    us: tuple[str, ...] = ()
    fr: tuple[str, ...] = ()
    uk: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every brand once."""
        return tuple(dict.fromkeys((*self.us, *self.fr, *self.uk)))


class _Conditions(Strict):
    not_with: tuple[str, ...] = Field(default=(), alias="not-with")
    """Words beside which the name does not count; a word in capitals may be a word group."""
    only_with: tuple[str, ...] = Field(default=(), alias="only-with")
    """Words one of which must stand beside the name, or in the route."""


class NamedMedicine(_Conditions):
    """One medicine, or one family of combinations, of a class."""

    id: str
    inn: Text
    names: tuple[str, ...] = ()
    brands: Brands = Brands()
    also: tuple[str, ...] = ()
    """Further classes that it belongs to."""
    needs_dose: bool = Field(default=False, alias="needs-dose")
    as_written: bool = Field(default=False, alias="as-written")

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name once, as written."""
        return tuple(dict.fromkeys((self.inn.en, self.inn.fr, *self.names, *self.brands.all)))


class MedicineClass(_Conditions):
    """A class of medicines: a concept with a value set of the same id."""

    id: str
    term: Text
    code_words: tuple[str, ...] = Field(default=(), alias="code-words")
    medicines: tuple[NamedMedicine, ...] = Field(min_length=1)


class MedicinesChapter(Strict):
    """rules/medicines.yaml."""

    word_groups: dict[str, tuple[str, ...]] = Field(default_factory=dict, alias="word-groups")
    classes: tuple[MedicineClass, ...]

    @model_validator(mode="after")
    def _consistent(self) -> MedicinesChapter:
        ids = [each.id for each in self.classes]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' stands twice")
        unknown = {also for each in self.classes for medicine in each.medicines for also in medicine.also} - set(ids)
        if unknown:
            raise ValueError(f"'{min(unknown)}' is no class of medicines")
        groups = [group for group in self.word_groups if not group.isupper()]
        if groups:
            raise ValueError(f"the word group '{groups[0]}' must be written in capitals")
        return self

    def words(self, *entries: str) -> tuple[str, ...]:
        """`entries` with every word group written out."""
        return tuple(word for entry in entries for word in self.word_groups.get(entry, (entry,)))
