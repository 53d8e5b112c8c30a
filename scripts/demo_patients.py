"""Writes the demonstration patients: profiles/examples/demo/ from scripts/demo/ (`make demo-patients`).

Invented people with invented data: FHIR R4 transaction Bundles that any FHIR server can load (`*.json`), and CDS Hooks
requests of order-sign with everything that the service asks for (`orders/*.json`). Every date is relative
to the fixed evaluation date of the tests: say `--at 2026-03-02` where their age matters.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from cds.consult import Consultant
from cds.services import ORDERS
from cds.settings import Settings
from tests.clock import NOW
from tests.ehr import Ehr
from tests.rules.building import PATIENT, Case, draft_orders, resources

__all__ = ["bundle", "order_request", "order_sources", "sources", "target", "text"]

_TOP = Path(__file__).parents[1]
_BASE = "https://calcification-cds.example/fhir"


def sources() -> dict[str, Case]:
    """The YAML of every demonstration patient, in the format of the vignettes plus `name`."""
    files = sorted((_TOP / "scripts" / "demo").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def order_sources() -> dict[str, Case]:
    """The same of every demonstration of draft orders."""
    files = sorted((_TOP / "scripts" / "demo" / "orders").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def target(name: str) -> Path:
    """Where a demonstration stands."""
    folder = _TOP / "profiles" / "examples" / "demo"
    return (folder / "orders" if name in order_sources() else folder) / f"{name}.json"


def bundle(case: Case) -> dict[str, Any]:
    """The transaction Bundle: ids that say whose they are, so that all patients fit on one server."""
    entries = []
    for resource in _own(case):
        location = f"{resource['resourceType']}/{resource['id']}"
        request = {"method": "PUT", "url": location}
        entries.append({"fullUrl": f"{_BASE}/{location}", "resource": resource, "request": request})
    return {"resourceType": "Bundle", "id": _patient(case), "type": "transaction", "entry": entries}


def order_request(case: Case) -> dict[str, Any]:
    """The request of order-sign: the draft orders, and the prefetch as a client resolves it."""
    service = next(each for each in Consultant.load(Settings()).services if each.id == ORDERS.id)
    patient = _patient(case)
    return {
        "hook": "order-sign",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "userId": "Practitioner/demo",
            "patientId": patient,
            "encounterId": "demo-encounter",
            "draftOrders": draft_orders(case, patient),
        },
        "prefetch": Ehr(patient, _own(case)).prefetch(service.prefetch),
    }


def _patient(case: Case) -> str:
    return f"demo-{case['id']}"


def _own(case: Case) -> list[dict[str, Any]]:
    """The resources of the patient, under ids and with a name of their own."""
    patient = _patient(case)
    built = resources(case, NOW)
    for resource in built:
        kind = resource["resourceType"]
        resource["id"] = patient if kind == "Patient" else f"{patient}-{resource['id']}"
        if kind == "Patient":
            resource["name"] = [{"use": "official", "family": case["name"]["family"], "given": [case["name"]["given"]]}]
        else:
            assert resource["subject"] == {"reference": f"Patient/{PATIENT}"}
            resource["subject"] = {"reference": f"Patient/{patient}"}
    return built


def text(case: Case) -> str:
    """The demonstration as it stands in its file."""
    made = order_request(case) if "draft_orders" in case else bundle(case)
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for name, case in (sources() | order_sources()).items():
        target(name).parent.mkdir(exist_ok=True)
        target(name).write_text(text(case), encoding="utf-8")


if __name__ == "__main__":
    main()
