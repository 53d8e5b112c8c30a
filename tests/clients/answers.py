"""Asking the running service, and comparing what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx

__all__ = ["consult_with", "without_versions"]


def consult_with(
    service: httpx.Client, patient: str, prefetch: Callable[[Mapping[str, str]], Mapping[str, Any]], **members: Any
) -> dict[str, dict[str, Any]]:
    """The answer of every service on patient-view to a request about `patient`, with what `prefetch` makes of its
    templates and with further `members`."""
    answers = {}
    for each in service.get("/cds-services").json()["services"]:
        if each["hook"] != "patient-view":
            continue
        request = {
            "hook": "patient-view",
            "hookInstance": str(uuid4()),
            "context": {"userId": "Practitioner/example", "patientId": patient},
            "prefetch": prefetch(each["prefetch"]),
            **members,
        }
        answer = service.post(f"/cds-services/{each['id']}", json=request)
        assert answer.status_code == 200, answer.text
        answers[each["id"]] = answer.json()
    return answers


def without_versions(value: Any) -> Any:
    """An answer whose evidence does not say which version of a resource it is: a resource that no server has stored has
    none."""
    if isinstance(value, dict):
        leave_out = "version" if "reference" in value else ""
        return {name: without_versions(each) for name, each in value.items() if name != leave_out}
    return [without_versions(each) for each in value] if isinstance(value, list) else value
