"""The detail of a card, in the fixed order of section 12, or of section 12b for an order.

Conclusion with its certainty word; the data used; what would change it; rule and source; the fixed sentence. Of an order:
the draft; the data used; why the two meet; then the same. Everything that an evaluation brings along is escaped here: it
may quote the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cds.cards.deck import Addendum, Face, Tongue
from cds.cards.markdown import bullets, escape
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
    other_release: bool = False
    """Whether that is so because we write nothing in the client's release of FHIR."""
    left_out: Sequence[str] = ()
    """Titles of cards for which there was no room."""
    orders_not_seen: bool = False


def detail(conclusion: Conclusion, face: Face, tongue: Tongue, values: Mapping[str, str], extras: Extras) -> str:
    """The Markdown of `detail`. `values` fill the placeholders and are Markdown already."""
    heading, language = tongue.heading, tongue.language
    words = face.conclusion.format_map(values) if "{" in face.conclusion else face.conclusion
    opening = tongue.why if face.is_order else tongue.opening[conclusion.certainty]
    said = [f"{opening} {words}"]
    notes = [*(escape(each.in_(language)) for each in conclusion.notes), *extras.notes]
    if notes:
        said.append(bullets(notes))
    messages, facts = face.messages, face.facts
    for added in extras.addenda:
        messages, facts = messages + added.messages, facts + added.facts
    said += _section(heading["messages"], [each for each in messages if each not in notes])
    data = [heading["data"], _table(conclusion.evidence, tongue)]
    drafts = [heading["drafts"], _table(conclusion.drafts, tongue)]
    parts = [*drafts, *data, *said] if face.is_order else [*said, *data]
    parts += _section(heading["changes"], [*(_gap(each, tongue) for each in conclusion.gaps), *face.changes])
    parts += _section(heading["facts"], facts)
    parts += _section(heading["requests"], extras.requests)
    if extras.other_release:
        parts.append(tongue.sentence["other_release"])
    if extras.orders_not_seen:
        parts.append(tongue.sentence["orders_not_seen"])
    parts += _section(heading["left_out"], extras.left_out)
    parts += [_rule(conclusion, face, tongue), f"*{tongue.sentence['decision_support']}*"]
    return "\n\n".join(parts)


def _section(heading: str, items: Sequence[str]) -> tuple[str, ...]:
    """A heading with a list, each item once; nothing at all without items."""
    return (heading, bullets(dict.fromkeys(items))) if items else ()


def _table(evidence: Sequence[Evidence], tongue: Tongue) -> str:
    if not evidence:
        return tongue.sentence["no_data"]
    rows = list(dict.fromkeys(_row(each, tongue) for each in _once(evidence)))
    beyond = len(rows) - MOST_ROWS
    if beyond > 0:
        rows[MOST_ROWS:] = [f"| … (+{beyond}) |  |  |  |  |"]
    return "\n".join([tongue.table, *rows])


def _once(evidence: Sequence[Evidence]) -> Iterable[Evidence]:
    """Each datum once: rows that differ by their remark only are one. A number keeps the remark, which says how to read
    it; words that one rule read without a doubt need none."""
    rows: dict[Evidence, Evidence] = {}
    for each in evidence:
        bare = each._replace(remark=None)
        first = rows.setdefault(bare, each)
        wanted = isinstance(each.value, Value)
        if (first.remark is not None) is not wanted:
            rows[bare] = each
    return rows.values()


def _row(evidence: Evidence, tongue: Tongue) -> str:
    label, source, value, when, remark = evidence
    name = escape(label.in_(tongue.language))
    if remark is not None:
        name = f"{name} ({escape(remark.in_(tongue.language))})"
    if isinstance(value, Value):
        shown, unit = tongue.formats.number(value), tongue.formats.unit(value.unit)
    else:
        shown, unit = escape(value), ""
    record = "" if source is None else escape(str(source))
    return f"| {name} | {shown} | {unit} | {tongue.formats.date(when)} | {record} |"


def _gap(gap: Gap, tongue: Tongue) -> str:
    what = escape(gap.what.in_(tongue.language))
    if what.endswith("?"):  # a question says itself what is missing
        return what
    return f"{what}{tongue.colon} {tongue.gaps[gap.kind]}"


def _rule(conclusion: Conclusion, face: Face, tongue: Tongue) -> str:
    said = [f"{tongue.heading['rule']} {escape(conclusion.rule)}"]
    tags = dict.fromkeys((*face.sources, *conclusion.sources))
    if tags:
        said.append(f"{tongue.heading['sources']} {', '.join(tongue.sources.get(tag, tag) for tag in tags)}")
    if conclusion.decisions:
        said.append(f"{tongue.heading['decisions']} {', '.join(map(escape, conclusion.decisions))}")
    return " · ".join(said)
