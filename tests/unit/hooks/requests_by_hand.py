"""Requests written by hand, for tests of the protocol alone."""

from __future__ import annotations

import json
from typing import Any

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}

CONTEXTS: dict[str, dict[str, Any]] = {
    "allergyintolerance-create": {
        "userId": "Practitioner/1",
        "allergyIntolerance": {"resourceType": "AllergyIntolerance"},
    },
    "appointment-book": {"userId": "Patient/1", "appointments": BUNDLE},
    "encounter-discharge": {"userId": "Practitioner/1", "encounterId": "e"},
    "encounter-start": {"userId": "PractitionerRole/1", "encounterId": "e"},
    "medication-refill": {"medications": BUNDLE},
    "order-dispatch": {"dispatchedOrders": ["ServiceRequest/1"], "performer": "Organization/1"},
    "order-select": {"userId": "Practitioner/1", "selections": ["ServiceRequest/1"], "draftOrders": BUNDLE},
    "order-sign": {"userId": "Practitioner/1", "draftOrders": BUNDLE},
    "patient-view": {"userId": "Practitioner/1"},
    "problem-list-item-create": {"userId": "Practitioner/1", "conditions": BUNDLE},
}
"""The least that each hook's context must say, beside the patient."""


def asked(hook: str = "patient-view", **members: Any) -> dict[str, Any]:
    """A valid request; a member given as None is left out."""
    context = {"patientId": "p", **CONTEXTS.get(hook, {})}
    request = {"hook": hook, "hookInstance": INSTANCE, "context": context, **members}
    return {name: value for name, value in request.items() if value is not None}


def body(hook: str = "patient-view", **members: Any) -> bytes:
    return json.dumps(asked(hook, **members)).encode()
