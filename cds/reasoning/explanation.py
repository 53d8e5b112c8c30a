"""One rule about one patient, in words: what `cds.reasoning.explain` is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cds.reasoning.conclusions import Evidence, Text, Value
from cds.reasoning.facts import Facts

__all__ = ["Explanation", "row_words", "rows_words"]


class Explanation(NamedTuple):
    """One rule about one patient."""

    rule: str
    title: Text
    outcome: str
    """true, false, unknown, or what the rule concludes: a level, a weight, a category, a class, a stage."""
    because: tuple[Text, ...]
    would_change: tuple[Text, ...] = ()


def rows_words(facts: Facts, rows: Iterable[Evidence]) -> tuple[Text, ...]:
    """Each row of evidence as one line, once."""
    units = facts.knowledge.wording.units
    return tuple(dict.fromkeys(row_words(row, units) for row in rows))


def row_words(row: Evidence, units: Mapping[str, Text]) -> Text:
    """A row of evidence as one line: label, value, date, resource, remark. `units`: how UCUM units are shown."""
    source = str(row.source) if row.source is not None else ""

    def said(language: str) -> str:
        value = row.value
        if isinstance(value, Value):
            number = f"{value.number:.{value.digits}f}"
            unit = units[value.unit].in_(language) if value.unit in units else value.unit
            value = f"{value.comparator}{number.replace('.', ',') if language == 'fr' else number} {unit}".strip()
        parts = [row.label.in_(language) + (" : " if language == "fr" else ": ") + value]
        parts += [row.when.written[:10]] if row.when is not None else []
        parts += [source] if source else []
        parts += [row.remark.in_(language)] if row.remark is not None else []
        return ", ".join(parts)

    return Text(said("en"), said("fr"))
