"""Numbers, units and dates as a reader of the language expects them."""

from __future__ import annotations

import re
from functools import lru_cache

from cds.cards.markdown import escape
from cds.reasoning.chart import Moment
from cds.reasoning.conclusions import Value
from cds.reasoning.knowledge.wording import Wording

__all__ = ["Formats"]

_WRITTEN = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d))?)?)?")
_COMPARATORS = {"": "", "<": "&lt; ", "<=": "≤ ", ">": "&gt; ", ">=": "≥ "}


class Formats:
    """The number, unit and date formats of one language."""

    def __init__(self, wording: Wording, language: str) -> None:
        self._comma = wording.decimal.in_(language)
        self._units = {unit: escape(words.in_(language)) for unit, words in wording.units.items()}
        self._day = wording.dates.day.in_(language)
        self._month = wording.dates.month.in_(language)
        self._names = wording.dates.names["fr" if language == "fr" else "en"]
        # The rows of a card mostly share a date or two.
        self._written = lru_cache(maxsize=1024)(self._date)

    def number(self, value: Value) -> str:
        """The number with its comparator, such as "≥ 3,72"."""
        digits = f"{value.number:.{value.digits}f}"
        if self._comma != ".":
            digits = digits.replace(".", self._comma)
        return _COMPARATORS[value.comparator] + digits

    def unit(self, ucum: str) -> str:
        """The unit as it is printed; one that rules/wording does not list, as it is."""
        known = self._units.get(ucum)
        return escape(ucum) if known is None else known

    def date(self, when: Moment | None) -> str:
        """The date as precise as it was written: a year, a month, a day, with the hour where there is one."""
        if when is None:
            return ""
        return self._written(when.written) or self._full(when.instant.year, when.instant.month, when.instant.day)

    def _date(self, written: str) -> str:
        """A date of FHIR; "" for anything else: then whoever read it knew better."""
        parts = _WRITTEN.match(written)
        if parts is None:
            return ""
        year, month, day, hour, minute = parts.groups()
        if month is None:
            return str(year)
        if day is None:
            return self._month.format(year=int(year), month=int(month), name=self._name(int(month)))
        shown = self._full(int(year), int(month), int(day))
        # Midnight sharp is how systems write that they know no hour.
        return shown if hour is None or (hour, minute) == ("00", "00") else f"{shown} {hour}:{minute}"

    def _full(self, year: int, month: int, day: int) -> str:
        return self._day.format(year=year, month=month, day=day, name=self._name(month))

    def _name(self, month: int) -> str:
        return self._names[month - 1] if 1 <= month <= 12 else ""
