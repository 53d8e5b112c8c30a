"""Invariant 6: every advertised prefetch key is read by a rule, and every datum that a rule reads is advertised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ehr import Ehr, request_body
from tests.rules.building import PATIENT, cases, draft_orders, resources
from tests.stories.telling import without_uuids

TOP = Path(__file__).parents[2]


def advertised(service: httpx.Client) -> dict[str, dict[str, Any]]:
    services = service.get("/cds-services").json()["services"]
    return {each["id"]: each for each in services if each["hook"] == "patient-view"}


def keys(service: httpx.Client) -> set[str]:
    return {key for each in advertised(service).values() for key in each["prefetch"]}


def records(now: datetime) -> Iterator[Ehr]:
    """Patients in whose judgement every kind of datum has its part."""
    for identifier, case in cases("vignettes"):
        if identifier in {"V-02", "V-46", "V-50", "V-83", "V-97", "V-01", "V-05", "V-08"}:
            yield Ehr(PATIENT, resources(case, now))
    bare = dict(cases("vignettes"))["V-53"]
    ordered = {
        "resourceType": "ServiceRequest",
        "id": "ordered",
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": "14879-1"}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "authoredOn": "2026-02-27",
    }
    prescribed = {
        "resourceType": "MedicationRequest",
        "id": "prescribed",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "B01AA03"}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "authoredOn": "2026-02-20",
    }
    yield Ehr(PATIENT, [*resources(bare, now), ordered])
    necrosis = dict(cases("vignettes"))["V-16"]
    skin = {"code": "SCT|95347000", "text": "Nécrose cutanée", "site": "jambe", "onset_d": 10}
    yield Ehr(PATIENT, [*resources({**necrosis, "conditions": [*necrosis["conditions"], skin]}, now), prescribed])


def cards(service: httpx.Client, identifier: str, body: dict[str, Any]) -> Any:
    reply = service.post(f"/cds-services/{identifier}", json=body)
    assert reply.status_code == 200
    told = reply.json()["cards"]
    for card in told:
        card.pop("extension", None)
    return without_uuids(told)


def test_every_key_is_read(service: httpx.Client, now: datetime) -> None:
    unread = keys(service)
    for record in records(now):
        for identifier, each in advertised(service).items():
            body = request_body(record, each)
            told = cards(service, identifier, body)
            for key in list(unread):
                less = {**body, "prefetch": {**body["prefetch"], key: None}}
                if body["prefetch"].get(key) and cards(service, identifier, less) != told:
                    unread.discard(key)
    assert unread == set()


def ordering(now: datetime) -> Iterator[tuple[Ehr, dict[str, Any]]]:
    """Patients and draft orders in whose judgement every kind of datum has its part."""
    for _, case in cases("vignettes-order-sign"):
        yield Ehr(PATIENT, resources(case, now)), draft_orders(case)
    of = dict(cases("vignettes-order-sign"))
    subject = {"reference": f"Patient/{PATIENT}"}
    pending = {
        "resourceType": "ServiceRequest",
        "id": "pending",
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": "5048-4"}]},
        "subject": subject,
        "authoredOn": "2026-02-27",
    }
    yield Ehr(PATIENT, [*resources({**of["V-113"], "observations": []}, now), pending]), draft_orders(of["V-113"])
    calcium = {
        "resourceType": "MedicationRequest",
        "id": "calcium",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "A12AA04"}]},
        "subject": subject,
        "authoredOn": "2026-02-01",
    }
    thiazide = {"id": "t", "type": "MedicationRequest", "atc": "C03AA03", "text": "hydrochlorothiazide"}
    kidney = {**of["V-107"], "draft_orders": [thiazide]}
    yield Ehr(PATIENT, [*resources(kidney, now), calcium]), draft_orders(kidney)
    taken = {**kidney, "medications": [{"atc": "A12AA04", "text": "carbonate de calcium"}]}
    yield Ehr(PATIENT, resources(taken, now)), draft_orders(taken)
    index = {"sign": "ankle-brachial-index", "value": 0.45, "d": 20}
    legs = {**of["V-117"], "observations": [index]}
    yield Ehr(PATIENT, resources(legs, now)), draft_orders(legs)


def test_every_key_of_orders_is_read(service: httpx.Client, now: datetime) -> None:
    services = service.get("/cds-services").json()["services"]
    advertised = next(each for each in services if each["hook"] == "order-sign")
    unread = set(advertised["prefetch"])
    for record, drafts in ordering(now):
        body = request_body(record, advertised, hook="order-sign", context={"draftOrders": drafts})
        told = cards(service, advertised["id"], body)
        for key in list(unread):
            less = {**body, "prefetch": {**body["prefetch"], key: None}}
            if body["prefetch"].get(key) and cards(service, advertised["id"], less) != told:
                unread.discard(key)
    assert unread == set()


def test_every_code_of_a_laboratory_test_is_asked_for(service: httpx.Client) -> None:
    """The value sets name the codes that the rules match; the templates must fetch them all (D5)."""
    templates = "&".join(template for each in advertised(service).values() for template in each["prefetch"].values())
    asked = set(re.findall(r"\d+-\d\b", templates))
    matched = {code for file in (TOP / "profiles" / "valuesets").glob("lab-*.json") for code in loinc(file)}
    assert matched, "no value set of LOINC codes"
    assert matched - asked == set()


def loinc(file: Path) -> set[str]:
    include = json.loads(file.read_text(encoding="utf-8"))["compose"]["include"]
    return {c["code"] for each in include if each.get("system") == "http://loinc.org" for c in each.get("concept", [])}


def test_the_templates_are_what_every_client_can_resolve(service: httpx.Client) -> None:
    """D4."""
    templates = {template for each in advertised(service).values() for template in each["prefetch"].values()}
    assert len(templates) <= 12
    for template in templates:
        assert len(template) < 2000
        assert set(re.findall(r"{{(.+?)}}", template)) <= {"context.patientId", "context.encounterId"}


@pytest.mark.parametrize(
    "kind",
    [
        "Patient",
        "Condition",
        "Observation",
        "MedicationRequest",
        "MedicationStatement",
        "Procedure",
        "DiagnosticReport",
        "ServiceRequest",
    ],
)
def test_every_kind_of_resource_is_asked_for(kind: str, service: httpx.Client) -> None:
    templates = {template for each in advertised(service).values() for template in each["prefetch"].values()}
    assert any(template.startswith((f"{kind}?", f"{kind}/")) for template in templates)
