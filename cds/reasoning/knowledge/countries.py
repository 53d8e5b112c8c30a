"""The schema of rules/countries.yaml: countries, and which one a record means (DDX-1)."""

from __future__ import annotations

from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Dashed
from cds.reasoning.language.text import fold

__all__ = ["CountriesChapter", "Country"]


class Country(Dashed):
    """One country of ISO 3166-1."""

    id: str = Field(pattern="^[A-Z]{2}$")
    """Alpha-2 code."""
    alpha_3: str = Field(pattern="^[A-Z]{3}$", alias="alpha-3")
    term: Text
    also: tuple[str, ...] = ()
    """Other names."""


class CountriesChapter(Dashed):
    """rules/countries.yaml."""

    countries: tuple[Country, ...]

    def code(self, written: str) -> str | None:
        """The alpha-2 code of a country as a record writes it: code or name, whatever its case and accents; None where
        it is not known."""
        return self._written.get(fold(written).strip())

    @cached_property
    def _written(self) -> dict[str, str]:
        return {
            fold(name): each.id
            for each in self.countries
            for name in (each.id, each.alpha_3, each.term.en, each.term.fr, *each.also)
        }

    @model_validator(mode="after")
    def _names_are_of_one_country(self) -> Self:
        seen: dict[str, str] = {}
        for each in self.countries:
            for name in (each.id, each.alpha_3, each.term.en, each.term.fr, *each.also):
                if seen.setdefault(fold(name), each.id) != each.id:
                    raise ValueError(f"'{name}' is a name of {seen[fold(name)]} and of {each.id}")
        return self
