"""The real FHIR data of tests/data/fhir (sources and licences: SOURCES.md there), as records of one patient each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.ehr import Ehr

__all__ = ["DATA", "records"]

DATA = Path(__file__).parent / "data" / "fhir"
Resource = dict[str, Any]


@cache
def records() -> dict[str, Ehr]:
    """Every patient, by folder and id. Resources that came without their Patient get one that only has the id."""
    found: dict[tuple[str, str], list[Resource]] = {}
    for file in sorted(DATA.rglob("*.*json")):
        for resource in _resources(file):
            patient = _patient(resource)
            if patient:
                found.setdefault((file.parent.name, patient), []).append(resource)
    return {f"{folder}/{patient}": _record(patient, resources) for (folder, patient), resources in found.items()}


def _resources(file: Path) -> Iterator[Resource]:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines() if file.suffix == ".ndjson" else [text]
    for line in filter(None, lines):
        resource = json.loads(line)
        if resource["resourceType"] == "Bundle":
            yield from (_identified(entry) for entry in resource["entry"] if "resource" in entry)
        else:
            yield resource


def _identified(entry: Resource) -> Resource:
    """The resource of a Bundle's entry; in a document or transaction its id may stand in `fullUrl` only."""
    resource: Resource = entry["resource"]
    return resource if "id" in resource else {**resource, "id": _bare(entry["fullUrl"])}


def _patient(resource: Resource) -> str | None:
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    for member in ("subject", "patient"):
        if isinstance(resource.get(member), dict) and "reference" in resource[member]:
            return _bare(resource[member]["reference"])
    return None


def _bare(reference: str) -> str:
    return reference.removeprefix("urn:uuid:").rpartition("/")[2]


def _record(patient: str, resources: list[Resource]) -> Ehr:
    if all(each["resourceType"] != "Patient" for each in resources):
        resources = [{"resourceType": "Patient", "id": patient}, *resources]
    return Ehr(patient, resources)
