"""The same resource under several keys counts once: the newest version, whatever the order of the request."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cds.fhir.dates import Dates
from cds.fhir.references import ref
from cds.fhir.resources import Patient, SubjectResource
from cds.fhir.written import UNREADABLE
from cds.reasoning.chart import NotUsed

__all__ = ["newest"]

S = TypeVar("S", bound=SubjectResource | Patient)


def newest(resources: list[S], dates: Dates, not_used: list[NotUsed]) -> list[S]:
    """`resources` with each id once. A version that differs from the one kept is counted as a duplicate."""
    if len(resources) < 2 or len({each.id for each in resources}) == len(resources):
        return resources
    kept: dict[str, S] = {}
    without_id: list[S] = []
    for each in resources:
        if not each.id:
            without_id.append(each)
            continue
        other = kept.get(each.id)
        if other is None:
            kept[each.id] = each
        elif other != each and _content(other) != _content(each):
            kept[each.id] = max(other, each, key=lambda one: _age(one, dates))
            not_used.append(NotUsed(str(ref(each)), "duplicate"))
    return [*kept.values(), *without_id]


def _age(resource: SubjectResource | Patient, dates: Dates) -> tuple[float, int, bytes]:
    """Sorts versions: by last update, by version number, and by content, so that no tie depends on the order."""
    meta = resource.meta
    updated = dates.moment(meta.lastUpdated) if meta is not None else None
    version = (meta.versionId or "") if meta is not None else ""
    return (
        updated.instant.timestamp() if updated is not None else 0.0,
        int(version) if version.isdecimal() and len(version) < 20 else 0,
        _content(resource),
    )


def _content(resource: SubjectResource | Patient) -> bytes:
    """What is read of `resource`, its members in one order also where they are still text."""
    text = msgspec.json.encode(resource)
    try:
        return msgspec.json.encode(msgspec.json.decode(text), order="sorted")
    except UNREADABLE:
        return text
