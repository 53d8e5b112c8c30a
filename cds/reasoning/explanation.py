"""One rule about one patient, in words: what `cds.reasoning.explain` is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cds.reasoning.conclusions import Evidence, Text, Value

__all__ = ["Explanation", "row_words", "rows_words"]


class Explanation(NamedTuple):
    """One rule about one patient."""

    rule: str
    title: Text
    outcome: str
    """true, false, unknown, or what the rule concludes: a level, a weight, a category, a class, a stage."""
    because: tuple[Text, ...]
    would_change: tuple[Text, ...] = ()


def row_words(row: Evidence) -> Text:
    """A row of evidence as one line: label, value, date, resource, remark."""
    source = str(row.source) if row.source is not None else ""

    def said(language: str) -> str:
        value = row.value
        if isinstance(value, Value):
            number = f"{value.number:.{value.digits}f}"
            value = f"{value.comparator}{number.replace('.', ',') if language == 'fr' else number} {value.unit}".strip()
        parts = [row.label.in_(language) + (" : " if language == "fr" else ": ") + value]
        parts += [row.when.written[:10]] if row.when is not None else []
        parts += [source] if source else []
        parts += [row.remark.in_(language)] if row.remark is not None else []
        return ", ".join(parts)

    return Text(said("en"), said("fr"))


def rows_words(rows: Iterable[Evidence]) -> tuple[Text, ...]:
    """Each row of evidence as one line, once."""
    return tuple(dict.fromkeys(row_words(row) for row in rows))
