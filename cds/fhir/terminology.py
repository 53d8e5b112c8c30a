"""Codes become concepts: the FHIR ValueSets of profiles/, read once into dictionaries (ACC-2, ACC-7).

A code counts together with its system, under any of the names that a NamingSystem of profiles/ gives that system. In
the hierarchical systems (ICD, ATC) dots and case are ignored and an `is-a` filter is a prefix; everywhere else a code
is matched exactly. Within one concept the longest entry decides whether the words of the resource must agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import msgspec
import orjson

from cds.reasoning.chart import Coding, Match, Tier
from cds.reasoning.knowledge.reading import Mistake, Mistakes

__all__ = ["ATC", "ICD_10", "ICD_10_CM", "LOINC", "RXNORM", "SNOMED_CT", "LabCode", "Terminology"]

SNOMED_CT: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10_PCS: Final = "http://www.cms.gov/Medicare/Coding/ICD10"
ATC: Final = "http://www.whocc.no/atc"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"

_HIERARCHICAL: Final = frozenset({ICD_10, ICD_10_CM, ICD_10_PCS, ATC})
"""Systems in which a descendant's code begins with its ancestor's, so that a prefix is an `is-a`."""

_LAB_PREFIX: Final = "lab-"
_REMEMBERED: Final = 16_384


class LabCode(msgspec.Struct, frozen=True, gc=False):
    """A LOINC code of a laboratory test of rules/laboratory.yaml."""

    lab: str
    loinc: str
    property: str
    """mass, molar, mass-or-molar, rate, ratio, activity, presence, arbitrary, titer, number, length or coded."""
    rank: int
    """Place in the order of preference, 0 first (REN-1)."""
    display: str = ""
    """"" where the long name was not seen in a public source."""
    analyte: str = ""
    """What is weighed where one test has several: "urea" or "urea-nitrogen" (LAB-1)."""
    ignored: bool = False
    """Recognised only so that it is not used: estimates with a race term (PIT-18)."""


class _Entry(NamedTuple):
    """One line of a value set."""

    concept: str
    tier: Tier
    needs_text: bool


_Entries = dict[str, dict[str, list[_Entry]]]
"""system -> code or prefix -> its entries."""


class Terminology:
    """Which concepts a code stands for. Immutable but for what it remembers of earlier look-ups."""

    def __init__(self, sets: Iterable[tuple[str, Mapping[str, Any]]], names: Mapping[str, str]) -> None:
        """Of (file, ValueSet) pairs, and of the canonical URL for each other name of a code system.

        Raises Mistakes when a value set says something that cannot be matched.
        """
        self._names = dict(names)
        self._exact: _Entries = {}
        self._prefix: _Entries = {}
        self._excluded: _Entries = {}
        self._codings: dict[str, tuple[Coding, ...]] = {}
        self._by_lab: dict[str, tuple[LabCode, ...]] = {}
        self._by_loinc: dict[str, LabCode] = {}
        self._remembered: dict[tuple[str, str], tuple[tuple[str, _Entry], ...]] = {}
        mistakes: list[Mistake] = []
        for file, value_set in sets:
            try:
                self._read(value_set)
            except (KeyError, TypeError, ValueError) as error:
                mistakes.append(Mistake(file, 1, f"cannot be read as a value set: {error}"))
        if mistakes:
            raise Mistakes(mistakes)

    @classmethod
    def load(cls, folder: Path, *over: Path, names: Mapping[str, str] | None = None) -> Terminology:
        """The terminology of `folder` (profiles/), each folder of `over` laid over it file by file.

        `names` adds a site's own names of code systems: name -> canonical URL. Raises Mistakes.
        """
        folders = (folder, *over)
        aliases: dict[str, str] = {}
        for _, naming in _resources(folders, "namingsystems"):
            canonical, others = _names_of(naming)
            aliases |= dict.fromkeys(others, canonical)
        return cls(_resources(folders, "valuesets"), aliases | dict(names or {}))

    @property
    def concepts(self) -> tuple[str, ...]:
        """The concepts that have a code, sorted."""
        return tuple(sorted(self._codings))

    @property
    def labs(self) -> tuple[str, ...]:
        """The laboratory tests that have a code, sorted."""
        return tuple(sorted(self._by_lab))

    def canonical(self, system: str) -> str:
        """The canonical URL of a code system, whichever of its names was used."""
        return self._names.get(system, system)

    def match(self, system: str, code: str, display: str = "") -> tuple[Match, ...]:
        """The concepts that `code` of `system` stands for, sorted; none without a system (ACC-2).

        `display` is only carried along. Tier and `needs_text` come from the longest entry within each concept (ACC-7).
        """
        found = self._remembered.get((system, code))
        if found is None:
            found = self._look_up(system, code)
        if not found:
            return ()
        return tuple(
            Match(entry.concept, Coding(canonical, code, display), entry.tier, entry.needs_text)
            for canonical, entry in found
        )

    def laboratory(self, system: str, code: str) -> LabCode | None:
        """The laboratory test that a LOINC code belongs to; None for any other system or code."""
        if system != LOINC and self._names.get(system) != LOINC:
            return None
        return self._by_loinc.get(code)

    def lab_codes(self, lab: str) -> tuple[LabCode, ...]:
        """The LOINC codes of a test in order of preference."""
        return self._by_lab.get(lab, ())

    def codes(self, concept: str) -> tuple[Coding, ...]:
        """The codes that the value set of `concept` lists one by one, in its order; prefixes are left out."""
        return self._codings.get(concept, ())

    def _look_up(self, system: str, code: str) -> tuple[tuple[str, _Entry], ...]:
        if not system or not code:
            return ()
        canonical = self.canonical(system)
        found = tuple((canonical, entry) for entry in self._entries(canonical, _written(canonical, code)))
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[system, code] = found
        return found

    def _entries(self, system: str, code: str) -> list[_Entry]:
        """The deciding entry of each concept, sorted by concept. Shorter prefixes come first, longer ones overrule."""
        deciding: dict[str, _Entry] = {}
        prefixes = self._prefix.get(system)
        if prefixes:
            for length in range(1, len(code) + 1):
                for entry in prefixes.get(code[:length], ()):
                    deciding[entry.concept] = entry
        for entry in self._exact.get(system, {}).get(code, ()):
            deciding[entry.concept] = entry
        if deciding:
            for entry in self._excluded.get(system, {}).get(code, ()):
                deciding.pop(entry.concept, None)
        return [deciding[concept] for concept in sorted(deciding)]

    def _read(self, value_set: Mapping[str, Any]) -> None:
        name = str(value_set["id"])
        compose = value_set["compose"]
        if name.startswith(_LAB_PREFIX):
            self._read_laboratory(name.removeprefix(_LAB_PREFIX), compose)
            return
        expanded = list(_contains(value_set.get("expansion", {}).get("contains", ())))
        codings: list[Coding] = []
        for include in compose["include"]:
            system = self.canonical(include["system"])
            for each in include.get("concept", ()):
                codings.append(Coding(system, each["code"], each.get("display", "")))
                _add(self._exact, system, each["code"], _entry(name, each))
            for each in include.get("filter", ()):
                self._read_filter(name, system, include, each, has_expansion=bool(expanded))
        for exclude in compose.get("exclude", ()):
            for each in exclude["concept"]:
                _add(self._excluded, self.canonical(exclude["system"]), each["code"], _Entry(name, "title", False))
        for each in expanded:
            system = self.canonical(each["system"])
            if not any(entry.concept == name for entry in self._entries(system, _written(system, each["code"]))):
                codings.append(Coding(system, each["code"], each.get("display", "")))
                default: Tier = "A" if system == SNOMED_CT else "title"
                _add(self._exact, system, each["code"], _entry(name, each, default))
        self._codings[name] = tuple(codings)

    def _read_filter(
        self, name: str, system: str, include: Mapping[str, Any], each: Mapping[str, Any], *, has_expansion: bool
    ) -> None:
        if system in _HIERARCHICAL and each["op"] == "is-a" and len(include["filter"]) == 1:
            _add(self._prefix, system, each["value"], _entry(name, include))
        elif not has_expansion:
            raise ValueError(f"a filter '{each['op']}' on {system} needs an expansion in the same value set")

    def _read_laboratory(self, lab: str, compose: Mapping[str, Any]) -> None:
        concepts = [each for include in compose["include"] if include["system"] == LOINC for each in include["concept"]]
        codes = tuple(
            LabCode(
                lab,
                each["code"],
                str(_extension(each, "laboratory-property")),
                rank,
                each.get("display", ""),
                str(_extension(each, "laboratory-analyte") or ""),
                bool(_extension(each, "recognised-only")),
            )
            for rank, each in enumerate(concepts)
        )
        twice = [code.loinc for code in codes if code.loinc in self._by_loinc]
        if twice:
            raise ValueError(f"{', '.join(twice)} belongs to another laboratory test already")
        self._by_lab[lab] = codes
        self._by_loinc |= {code.loinc: code for code in codes}


def _written(system: str, code: str) -> str:
    return code.replace(".", "").strip().upper() if system in _HIERARCHICAL else code


def _add(entries: _Entries, system: str, code: str, entry: _Entry) -> None:
    entries.setdefault(system, {}).setdefault(_written(system, code), []).append(entry)


def _entry(concept: str, element: Mapping[str, Any], default: Tier = "C") -> _Entry:
    """What the extensions of a concept or an include say; a code whose verification nobody stated counts least."""
    tier = cast("Tier", _extension(element, "evidence-tier") or default)
    return _Entry(concept, tier, bool(_extension(element, "needs-text")))


def _extension(element: Mapping[str, Any], name: str) -> object:
    """The value of our own extension `name`, under whichever canonical base it was published."""
    for each in element.get("extension", ()):
        if each["url"].endswith(f"/StructureDefinition/{name}"):
            return next((value for key, value in each.items() if key.startswith("value")), None)
    return None


def _contains(items: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The codes of an expansion, flattened, without those that only group others."""
    for item in items:
        if item.get("code") and not item.get("abstract"):
            yield item
        yield from _contains(item.get("contains", ()))


def _names_of(naming: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The canonical URL of a NamingSystem, and its other names as they stand in `Coding.system`."""
    names = [
        (f"urn:oid:{each['value']}" if each["type"] == "oid" else each["value"], each.get("preferred", False))
        for each in naming["uniqueId"]
    ]
    canonical = next(name for name, preferred in names if preferred)
    return canonical, [name for name, _ in names if name != canonical]


def _resources(folders: Iterable[Path], kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    """(file, resource) of every JSON file below `kind`; a later folder's file replaces one of the same name."""
    files: dict[str, Path] = {}
    for folder in folders:
        files |= {f"{kind}/{file.name}": file for file in sorted((folder / kind).glob("*.json"))}
    if not files:
        raise Mistakes([Mistake(kind, 1, "there is no JSON file")])
    found: list[tuple[str, Mapping[str, Any]]] = []
    mistakes: list[Mistake] = []
    for label, file in sorted(files.items()):
        try:
            found.append((label, orjson.loads(file.read_bytes())))
        except orjson.JSONDecodeError as error:
            mistakes.append(Mistake(label, error.lineno, error.msg))
    if mistakes:
        raise Mistakes(mistakes)
    return found
