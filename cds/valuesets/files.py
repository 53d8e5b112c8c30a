"""The value sets as files: those of the package, a site's own laid over them, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from cds.errors import InputError
from cds.fhir.terminology import SNOMED_CT

__all__ = ["Line", "ValueSets", "evidence", "lines", "snomed"]

_KIND: Final = "valuesets"


class Line(NamedTuple):
    """A code that a value set lists, or the category that a filter of it opens."""

    system: str
    code: str
    display: str
    element: Mapping[str, Any]
    """What carries the extensions."""


class ValueSets:
    """The value sets of `package`, those of `site` laid over them file by file. They are written into `site`."""

    def __init__(self, package: Path, site: Path | None = None) -> None:
        self._package, self._site = package, site

    def all(self) -> dict[str, dict[str, Any]]:
        """By file name. Raises InputError for a file that is no JSON."""
        files: dict[str, Path] = {}
        for folder in (self._package, self._site):
            if folder is not None:
                files |= {file.name: file for file in sorted((folder / _KIND).glob("*.json"))}
        return {name: _read(file) for name, file in sorted(files.items())}

    def write(self, name: str, value_set: Mapping[str, Any]) -> Path:
        """Raises InputError where the file cannot be written."""
        file = (self._site or self._package) / _KIND / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value_set, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            said = (error.strerror or "cannot be written").lower()
            raise InputError(f"{file}: {said}; give a folder of your own with --folder") from None
        return file


def lines(value_set: Mapping[str, Any]) -> Iterator[Line]:
    """Every code that `compose` names."""
    for include in value_set["compose"]["include"]:
        for each in include.get("concept", ()):
            yield Line(include["system"], each["code"], each.get("display", ""), each)
        for each in include.get("filter", ()):
            display = next((value for name, value in evidence(include) if name == "filter-display"), "")
            yield Line(include["system"], each["value"], str(display), include)


def snomed(value_set: Mapping[str, Any]) -> list[Line]:
    """The SNOMED CT codes."""
    return [each for each in lines(value_set) if each.system == SNOMED_CT]


def evidence(element: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Our own extensions: name and value."""
    for each in element.get("extension", ()):
        yield each["url"].rpartition("/")[2], next(value for key, value in each.items() if key.startswith("value"))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({type(error).__name__})") from None
    assert isinstance(found, dict)
    return found
