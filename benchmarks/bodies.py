"""Request bodies of a given size: a demonstration patient, and the record of a synthetic one (Synthea) around it.

Deterministic: the same sizes give the same bytes on every machine. What is sent is what a client would send: resources
that match a prefetch template, nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from tests.ehr import Ehr
from tests.records import records
from tests.rules.building import draft_orders
from tests.stories.telling import demo_record

__all__ = ["bodies", "order_bodies"]

Resource = dict[str, Any]

PATIENT = "metastatic-dialysis"
"""Has three cards: everything is evaluated and composed."""

TYPICAL = "nothing-to-say"
"""Most charts have no calcification, and get no card."""

SIZES = {"25 KB": 25_000, "100 KB": 100_000, "450 KB": 450_000}
DRAFTS = (
    {"id": "d-1", "type": "MedicationRequest", "atc": "A11CC03", "text": "alfacalcidol 1 µg", "route": "oral"},
    {"id": "d-2", "type": "MedicationRequest", "atc": "A12AA04", "text": "calcium carbonate 500 mg", "route": "oral"},
    {"id": "d-3", "type": "MedicationRequest", "atc": "N02BE01", "text": "paracetamol 1 g", "route": "oral"},
    {"id": "d-4", "type": "ServiceRequest", "loinc": "2731-8", "text": "PTH"},
)
"""What is ordered: hazards, a test, and something of no interest."""

LARGE_CHART = 10_000
"""Observations of the largest chart."""


def bodies(templates: Mapping[str, str]) -> dict[str, bytes]:
    """The bodies by name; `templates` is what the service advertises for patient-view."""
    made = {name: _of_size(size, PATIENT, templates) for name, size in SIZES.items()}
    made |= {f"{size}, nothing to say": _of_size(SIZES[size], TYPICAL, templates) for size in ("100 KB", "450 KB")}
    made["10,000 Observations"] = _with_observations(LARGE_CHART, PATIENT, templates)
    return made


def order_bodies(templates: Mapping[str, str]) -> dict[str, bytes]:
    """The body of an order-sign request as large as one of patient-view; `templates`: of the service of orders."""
    context = {"draftOrders": draft_orders({"draft_orders": DRAFTS}, demo_record(PATIENT).patient_id)}
    return {"100 KB, order-sign": _of_size(SIZES["100 KB"], PATIENT, templates, "order-sign", context)}


def _of_size(
    size: int,
    patient: str,
    templates: Mapping[str, str],
    hook: str = "patient-view",
    context: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    """The smallest body that is not smaller than `size`."""
    filler = list(itertools.islice(_filler(patient, templates), size // 200))
    low, high = 0, len(filler)
    while low < high:
        middle = (low + high) // 2
        if len(_body(filler[:middle], patient, templates, hook, context)) < size:
            low = middle + 1
        else:
            high = middle
    return _body(filler[:low], patient, templates, hook, context)


def _with_observations(number: int, patient: str, templates: Mapping[str, str]) -> bytes:
    observations = (each for each in _filler(patient, templates) if each["resourceType"] == "Observation")
    return _body(list(itertools.islice(observations, number)), patient, templates)


def _filler(name: str, templates: Mapping[str, str]) -> Iterator[Resource]:
    """The record of the Synthea patients that a template matches, again and again with new ids, as the patient's `name`."""
    patient = demo_record(name).patient_id
    for turn in itertools.count():
        for source, record in records().items():
            if not source.startswith("synthea"):
                continue
            answers = Ehr(record.patient_id, record.resources).prefetch(_without_pages(templates)).values()
            matching = [
                entry["resource"] for answer in answers if answer and "entry" in answer for entry in answer["entry"]
            ]
            for number, resource in enumerate(matching):
                identifier = f"{turn}-{source[-4:]}-{number}"
                yield {**resource, "id": identifier, "subject": {"reference": f"Patient/{patient}"}}


def _without_pages(templates: Mapping[str, str]) -> dict[str, str]:
    return {
        key: "&".join(p for p in template.split("&") if not p.startswith("_count"))
        for key, template in templates.items()
    }


def _body(
    filler: list[Resource],
    patient: str,
    templates: Mapping[str, str],
    hook: str = "patient-view",
    context: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    own = demo_record(patient)
    record = Ehr(own.patient_id, own.resources + filler)
    return orjson.dumps(
        {
            "hook": hook,
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": "Practitioner/demo", "patientId": own.patient_id, **context},
            "prefetch": record.prefetch(_without_pages(templates)),
        }
    )
