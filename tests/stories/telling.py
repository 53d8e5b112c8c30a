"""How a story is told: one request (request.json) to every service of its hook, and their answers, in both languages.

`response.json` and `response.fr.json` hold the whole answer of each service by its id; uuids, which are fresh per
display, are numbered in order, and the fingerprint of the rules, which every change of a rule changes, is left out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

from tests.ehr import Ehr

__all__ = [
    "HERE",
    "RESPONSES",
    "answers",
    "demo_record",
    "demos",
    "order_demos",
    "read",
    "request",
    "without_uuids",
    "write",
]

HERE = Path(__file__).parent
RESPONSES = {"en": "response.json", "fr": "response.fr.json"}
_DEMO = HERE.parents[1] / "profiles" / "examples" / "demo"
_FINGERPRINT = re.compile(r"(?<=\d\+)[0-9a-f]{12}(?=\")")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def demos() -> dict[str, Path]:
    """The demonstration patients by name."""
    return {file.stem: file for file in sorted(_DEMO.glob("*.json"))}


def order_demos() -> dict[str, Path]:
    """The demonstrations of draft orders by name: requests of order-sign."""
    return {file.stem: file for file in sorted((_DEMO / "orders").glob("*.json"))}


def demo_record(name: str) -> Ehr:
    """The record of a demonstration patient."""
    resources = [entry["resource"] for entry in read(demos()[name])["entry"]]
    patient = next(each["id"] for each in resources if each["resourceType"] == "Patient")
    return Ehr(patient, resources)


def request(client: httpx.Client, name: str) -> dict[str, Any]:
    """The request that a client sends for a demonstration patient on patient-view, or of the draft orders `name`."""
    if name in order_demos():
        return dict(read(order_demos()[name]))
    record = demo_record(name)
    templates: dict[str, str] = {}
    for service in client.get("/cds-services").json()["services"]:
        if service["hook"] == "patient-view":
            templates |= service["prefetch"]
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "userId": "Practitioner/demo",
            "patientId": record.patient_id,
            "encounterId": "demo-encounter",
        },
        "prefetch": record.prefetch(templates),
    }


def answers(client: httpx.Client, body: dict[str, Any], language: str) -> dict[str, Any]:
    """What every service answers, by its id, without uuids."""
    discovery = client.get("/cds-services").json()["services"]
    told = {}
    for identifier in sorted({each["id"] for each in discovery if each["hook"] == body["hook"]}):
        reply = client.post(f"/cds-services/{identifier}", json=body, headers={"Accept-Language": language})
        assert reply.status_code == 200, reply.text
        told[identifier] = without_uuids(json.loads(_FINGERPRINT.sub("rules", reply.text)))
    return told


def without_uuids(answer: Any) -> Any:
    """`answer` with its uuids numbered in order of appearance."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found.group(), f"uuid-{len(numbers) + 1}")

    return json.loads(_UUID.sub(number, json.dumps(answer)))


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def write(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
