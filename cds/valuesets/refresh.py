"""Descendants of our SNOMED CT codes, asked of a terminology server and written as the expansion of each value set.

A descendant counts for as much as the code that it descends from: it has that code's tier, and needs words where that code
needs them; where it descends from several, the weaker (decision 0030).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from cds.fhir.terminology import SNOMED_CT
from cds.valuesets.files import Line, ValueSets, evidence, snomed
from cds.valuesets.server import Expansion, Member, Refusal, TerminologyServer

__all__ = ["Refreshed", "Weight", "expanded", "refresh", "weights"]

_WEAKEST_LAST: Final = ("A", "title", "B", "C")
_EXTENSIONS: Final = "StructureDefinition"


class Weight(NamedTuple):
    """For how much a code counts."""

    tier: str
    needs_text: bool

    def weaker(self, other: Weight) -> Weight:
        """The weaker of both in each respect."""
        tier = max(self.tier, other.tier, key=_WEAKEST_LAST.index)
        return Weight(tier, self.needs_text or other.needs_text)


class Refreshed(NamedTuple):
    """What became of one value set."""

    name: str
    added: tuple[Member, ...] = ()
    removed: int = 0
    """Codes of the earlier expansion that are not in the new one."""
    refused: str = ""
    """Why the server gave no expansion; the file is then left as it is."""


async def refresh(
    sets: ValueSets, server: TerminologyServer, now: datetime, *, only: Iterable[str] = (), most: int = 2000
) -> list[Refreshed]:
    """Expand every value set with SNOMED CT codes, or `only` those named, and write the files that change.

    A value set whose expansion has more than `most` codes is refused: nobody could read what was added.
    """
    wanted = frozenset(only)
    done = []
    for file, value_set in sets.all().items():
        name = value_set["id"]
        if not snomed(value_set) or (wanted and name not in wanted):
            continue
        try:
            answers = [
                (weight, await server.descendants(SNOMED_CT, codes, most)) for weight, codes in weights(value_set)
            ]
        except Refusal as refusal:
            done.append(Refreshed(name, refused=str(refusal)))
            continue
        made = expanded(value_set, answers, now)
        before, after = _listed(value_set), _listed(made)
        if before != after:
            sets.write(file, made)
        added = tuple(Member(code, display) for code, (display, _) in after.items() if code not in before)
        done.append(Refreshed(name, added, len(before.keys() - after.keys())))
    return done


def weights(value_set: Mapping[str, Any]) -> list[tuple[Weight, tuple[str, ...]]]:
    """The SNOMED CT codes of `value_set` by what they count for."""
    found: dict[Weight, list[str]] = {}
    for line in snomed(value_set):
        found.setdefault(_weight(line), []).append(line.code)
    return [(weight, tuple(codes)) for weight, codes in found.items()]


def expanded(
    value_set: Mapping[str, Any], answers: Iterable[tuple[Weight, Expansion]], now: datetime
) -> dict[str, Any]:
    """`value_set` with the codes of `answers` that `compose` does not list, or without an expansion where there are none."""
    answers = list(answers)
    own = {line.code for line in snomed(value_set) if "filter" not in line.element}
    own |= {
        each["code"]
        for exclude in value_set["compose"].get("exclude", ())
        if exclude["system"] == SNOMED_CT
        for each in exclude["concept"]
    }
    found: dict[str, tuple[Member, Weight]] = {}
    for weight, expansion in answers:
        for member in expansion.members:
            if member.code not in own:
                known = found.get(member.code)
                found[member.code] = member, weight if known is None else known[1].weaker(weight)
    made = {name: value for name, value in value_set.items() if name != "expansion"}
    if found:
        releases = dict.fromkeys(each for _, expansion in answers for each in expansion.releases)
        base = str(value_set["url"]).partition("/ValueSet/")[0]
        made["expansion"] = {
            "timestamp": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "total": len(found),
            **({"parameter": [{"name": "used-codesystem", "valueUri": each} for each in releases]} if releases else {}),
            "contains": [_contained(*found[code], base) for code in sorted(found, key=lambda code: (len(code), code))],
        }
    return made


def _weight(line: Line) -> Weight:
    said = dict(evidence(line.element))
    return Weight(str(said.get("evidence-tier", "C")), bool(said.get("needs-text")))


def _contained(member: Member, weight: Weight, base: str) -> dict[str, Any]:
    extension: list[dict[str, Any]] = [{"url": f"{base}/{_EXTENSIONS}/evidence-tier", "valueCode": weight.tier}]
    if weight.needs_text:
        extension.append({"url": f"{base}/{_EXTENSIONS}/needs-text", "valueBoolean": True})
    made = {"extension": extension, "system": SNOMED_CT, "code": member.code}
    return made | ({"display": member.display} if member.display else {})


def _listed(value_set: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The codes of an expansion: display and extensions by code."""
    contains = value_set.get("expansion", {}).get("contains", ())
    return {each["code"]: (each.get("display", ""), dict(evidence(each))) for each in contains if "code" in each}
