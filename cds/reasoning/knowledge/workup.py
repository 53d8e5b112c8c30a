"""rules/workup: what a clinician may want to ask for, and the groups in which it is asked for (WRK-1, section 13)."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, Self

from pydantic import model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.cards import Code
from cds.reasoning.knowledge.reading import Strict

__all__ = ["Item", "ItemGroup", "LabCode", "Workup"]


class LabCode(Strict):
    """A LOINC code that a test may be ordered by, and the property that it measures."""

    property: Literal["mass", "molar", "other"]
    loinc: str
    display: str


class Item(Strict):
    """One thing to ask for."""

    id: str
    kind: Literal["laboratory", "imaging", "referral", "procedure"]
    text: Text
    lab: str = ""
    """`lab_id` whose results and orders answer the question; "" for anything but a laboratory test."""
    codes: tuple[LabCode, ...] = ()
    """Laboratory: the first is the default of WRK-1; another is used where the chart shows its property."""
    coding: Code | None = None
    """Imaging, referral, procedure: the one verified code; None: asked for in words only."""
    results: tuple[str, ...] = ()
    """Imaging: LOINC codes of reports that answer the question."""

    def code(self, property_: str = "") -> Code | None:
        """The code to order by: of the property that the chart already shows for this test, else the default."""
        if not self.codes:
            return self.coding
        return self._by_property.get(property_, self._by_property[self.codes[0].property])

    @cached_property
    def any_code(self) -> frozenset[str]:
        """Every code by which it may have been ordered."""
        return frozenset((self.coding.code,) if self.coding is not None else (each.loinc for each in self.codes))

    @cached_property
    def _by_property(self) -> dict[str, Code]:
        return {
            each.property: Code(system="http://loinc.org", code=each.loinc, display=each.display)
            for each in reversed(self.codes)
        }


class ItemGroup(Strict):
    """Items that belong together, most important first."""

    id: str
    text: Text
    when: Text | None = None
    """For the reader: when the group is the right one."""
    items: tuple[str, ...]


class Workup(Strict):
    """The chapter rules/workup."""

    items: tuple[Item, ...]
    groups: tuple[ItemGroup, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Item]:
        return {each.id: each for each in self.items}

    @cached_property
    def group_by_id(self) -> dict[str, ItemGroup]:
        return {each.id: each for each in self.groups}

    def of(self, key: str) -> tuple[Item, ...]:
        """The item `key`, or the items of the group `key`. Raises KeyError."""
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> dict[str, tuple[Item, ...]]:
        groups = {each.id: tuple(self.by_id[item] for item in each.items) for each in self.groups}
        return {**{each.id: (each,) for each in self.items}, **groups}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        items = {each.id for each in self.items}
        for group in self.groups:
            if group.id in items:
                raise ValueError(f"{group.id} is the id of an item and of a group")
            if unknown := sorted(set(group.items) - items):
                raise ValueError(f"{group.id}: {unknown[0]!r} is not an item")
        return self
