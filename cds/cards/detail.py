"""The detail of a card, in the fixed order of section 12.

Conclusion with its certainty word; the data used; what would change it; rule and source; the fixed sentence. Everything
that an evaluation brings along is escaped here: it may quote the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cds.cards.deck import Addendum, Face, Tongue
from cds.cards.markdown import bullets, escape, row
from cds.reasoning.conclusions import Conclusion, Evidence, Gap, Value

__all__ = ["Extras", "detail"]

MOST_ROWS = 25
"""Rows of the table of data; what is beyond is counted."""


class Extras(NamedTuple):
    """What a detail says besides its own conclusion."""

    addenda: Sequence[Addendum] = ()
    notes: Sequence[str] = ()
    """Markdown, after the conclusion."""
    requests: Sequence[str] = ()
    """What is asked for in words, where the client cannot take a resource."""
    left_out: Sequence[str] = ()
    """Titles of cards for which there was no room."""
    orders_not_seen: bool = False


def detail(conclusion: Conclusion, face: Face, tongue: Tongue, values: dict[str, str], extras: Extras) -> str:
    """The Markdown of `detail`. `values` fill the placeholders and are Markdown already."""
    return "\n\n".join(_parts(conclusion, face, tongue, values, extras))


def _parts(conclusion: Conclusion, face: Face, tongue: Tongue, values: dict[str, str], extras: Extras) -> Iterator[str]:
    heading, language = tongue.heading, tongue.language
    yield _conclusion(conclusion, face, tongue, values)
    notes = [escape(each.in_(language)) for each in conclusion.notes]
    if notes or extras.notes:
        yield bullets([*notes, *extras.notes])
    yield from _section(heading["messages"], _with(face.messages, (each.messages for each in extras.addenda)))
    yield heading["data"]
    yield _table(conclusion.evidence, tongue)
    yield heading["changes"]
    yield bullets([*(_gap(each, tongue) for each in conclusion.gaps), *face.changes])
    yield from _section(heading["facts"], _with(face.facts, (each.facts for each in extras.addenda)))
    yield from _section(heading["requests"], extras.requests)
    if extras.orders_not_seen:
        yield tongue.sentence["orders_not_seen"]
    yield from _section(heading["left_out"], extras.left_out)
    yield _rule(conclusion, face, tongue)
    yield f"*{tongue.sentence['decision_support']}*"


def _conclusion(conclusion: Conclusion, face: Face, tongue: Tongue, values: dict[str, str]) -> str:
    words = face.conclusion.format_map(values) if values else face.conclusion
    if conclusion.certainty is None:
        return f"{tongue.heading['conclusion']}. {words}"
    return f"{tongue.heading['conclusion']} ({tongue.certainty[conclusion.certainty]}). {words}"


def _section(heading: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield heading
        yield bullets(items)


def _with(own: tuple[str, ...], more: Iterable[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys([*own, *(each for added in more for each in added)]))


def _table(evidence: Sequence[Evidence], tongue: Tongue) -> str:
    if not evidence:
        return tongue.sentence["no_data"]
    rows = list(dict.fromkeys(_row(each, tongue) for each in evidence))
    beyond = len(rows) - MOST_ROWS
    if beyond > 0:
        rows[MOST_ROWS:] = [row((f"… (+{beyond})", "", "", "", ""))]
    return "\n".join([tongue.table, *rows])


def _row(evidence: Evidence, tongue: Tongue) -> str:
    value = evidence.value
    shown, unit = (
        (tongue.formats.number(value), tongue.formats.unit(value.unit))
        if isinstance(value, Value)
        else (escape(value), "")
    )
    label = escape(evidence.label.in_(tongue.language))
    if evidence.remark is not None:
        label = f"{label} ({escape(evidence.remark.in_(tongue.language))})"
    record = "" if evidence.source is None else escape(str(evidence.source))
    return row((label, shown, unit, tongue.formats.date(evidence.when), record))


def _gap(gap: Gap, tongue: Tongue) -> str:
    what = escape(gap.what.in_(tongue.language))
    words = tongue.gaps[gap.kind]
    return f"{what} : {words}" if tongue.language == "fr" else f"{what}: {words}"


def _rule(conclusion: Conclusion, face: Face, tongue: Tongue) -> str:
    said = [f"{tongue.heading['rule']} {escape(conclusion.rule)}"]
    tags = dict.fromkeys((*face.sources, *conclusion.sources))
    if tags:
        said.append(f"{tongue.heading['sources']} {', '.join(tongue.sources.get(tag, tag) for tag in tags)}")
    if conclusion.decisions:
        said.append(f"{tongue.heading['decisions']} {', '.join(map(escape, conclusion.decisions))}")
    return " · ".join(said)
