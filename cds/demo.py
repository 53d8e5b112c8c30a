"""Demonstration patients that are always current: `cds serve --demo` offers a ready request for each.

The Bundles of profiles/examples/demo, and the requests about draft orders beside them, are written for one day. A request
made from them moves every date by as many days as have passed since, so that a result of last week stays one of last week,
and an age stays an age.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds import data
from cds.errors import NoSuchResource

__all__ = ["WRITTEN_FOR", "Demonstration", "demo_orders", "demo_patients", "demo_transactions"]

WRITTEN_FOR = date(2026, 3, 2)
"""The day for which they are written."""

_DATE = re.compile(r'(?<=")\d{4}-\d{2}-\d{2}(?=[T"])')

Resource = dict[str, Any]


def demo_patients() -> dict[str, Path]:
    """The Bundle of each demonstration patient, by name."""
    folder = data.folder("profiles") / "examples" / "demo"
    return {file.stem: file for file in sorted(folder.glob("*.json"))}


def demo_orders() -> dict[str, Path]:
    """The request of each demonstration of draft orders, by name."""
    folder = data.folder("profiles") / "examples" / "demo" / "orders"
    return {file.stem: file for file in sorted(folder.glob("*.json"))}


def demo_transactions(today: date) -> dict[str, bytes]:
    """The Bundle of each demonstration patient as a FHIR server takes it, current on `today`."""
    return {name: _moved(file.read_text(encoding="utf-8"), today).encode() for name, file in demo_patients().items()}


class Demonstration:
    """The demonstration patients, asked about with the prefetch `templates`."""

    def __init__(self, templates: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._files = demo_patients()
        self._orders = demo_orders()
        self._templates = templates
        self._clock = clock

    def route(self) -> Route:
        """`GET /demo/{name}`: a patient-view request, to be sent to any of the services on that hook; or an order-sign
        request, to be sent to the service of orders."""
        return Route("/demo/{name}", self._get, methods=["GET"])

    def request(self, name: str) -> Resource:
        """The request `name` as a client would send it today. Raises KeyError."""
        if name in self._orders:
            written = _moved(self._orders[name].read_text(encoding="utf-8"), self._clock().date())
            return {**json.loads(written), "hookInstance": str(uuid4())}
        text = self._files[name].read_text(encoding="utf-8")
        resources = [entry["resource"] for entry in json.loads(_moved(text, self._clock().date()))["entry"]]
        patient = next(each for each in resources if each["resourceType"] == "Patient")
        return {
            "hook": "patient-view",
            "hookInstance": str(uuid4()),
            "context": {"userId": "Practitioner/demo", "patientId": patient["id"]},
            "prefetch": {key: _found(template, patient, resources) for key, template in self._templates.items()},
        }

    async def _get(self, request: Request) -> Response:
        try:
            asked = self.request(request.path_params["name"])
        except KeyError:
            raise NoSuchResource from None
        return Response(json.dumps(asked, ensure_ascii=False).encode(), media_type="application/json")


def _moved(text: str, today: date) -> str:
    passed = today - WRITTEN_FOR

    def move(found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) + passed).isoformat()

    return _DATE.sub(move, text)


def _found(template: str, patient: Resource, resources: list[Resource]) -> Resource:
    """What a client answers to `template`, generously: every resource of its type."""
    kind = re.split(r"[/?]", template, maxsplit=1)[0]
    if kind == "Patient":
        return patient
    found = [{"resource": each} for each in resources if each["resourceType"] == kind]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": found}
