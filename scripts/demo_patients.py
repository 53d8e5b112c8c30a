"""Writes the demonstration patients: profiles/examples/demo/*.json from scripts/demo/*.yaml (`make demo-patients`).

Invented people with invented data, as FHIR R4 transaction Bundles that any FHIR server can load. Every date is relative
to the fixed evaluation date of the tests: say `--at 2026-03-02` where their age matters.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.clock import NOW
from tests.rules.building import PATIENT, Case, resources

__all__ = ["bundle", "sources", "target"]

_TOP = Path(__file__).parents[1]
_BASE = "https://calcification-cds.example/fhir"


def sources() -> dict[str, Case]:
    """The YAML of every demonstration patient, in the format of the vignettes plus `name`."""
    files = sorted((_TOP / "scripts" / "demo").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def target(name: str) -> Path:
    """Where the Bundle of a demonstration patient stands."""
    return _TOP / "profiles" / "examples" / "demo" / f"{name}.json"


def bundle(case: Case) -> dict[str, Any]:
    """The transaction Bundle: ids that say whose they are, so that all patients fit on one server."""
    patient = f"demo-{case['id']}"
    entries = []
    for resource in resources(case, NOW):
        kind = resource["resourceType"]
        resource["id"] = patient if kind == "Patient" else f"{patient}-{resource['id']}"
        if kind == "Patient":
            resource["name"] = [{"use": "official", "family": case["name"]["family"], "given": [case["name"]["given"]]}]
        else:
            assert resource["subject"] == {"reference": f"Patient/{PATIENT}"}
            resource["subject"] = {"reference": f"Patient/{patient}"}
        location = f"{kind}/{resource['id']}"
        request = {"method": "PUT", "url": location}
        entries.append({"fullUrl": f"{_BASE}/{location}", "resource": resource, "request": request})
    return {"resourceType": "Bundle", "id": patient, "type": "transaction", "entry": entries}


def text(case: Case) -> str:
    """The Bundle as it stands in its file."""
    return json.dumps(bundle(case), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for name, case in sources().items():
        target(name).write_text(text(case), encoding="utf-8")


if __name__ == "__main__":
    main()
