"""From the tables of tests/rules/orders to a chart with draft orders, and what the order rules say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import yaml
from msgspec import Raw

from cds.consult import Consultant
from cds.reasoning.conclusions import Conclusion, Evaluation
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.orders.evaluate import evaluate_orders
from cds.settings import Settings
from tests.rules.building import _HERE, _PANELS, PATIENT, _ago, draft_orders, resources

__all__ = ["Case", "cases", "consultant", "evaluated", "facts_of", "given"]

Case = dict[str, Any]

_LISTS = ("labs", "conditions", "observations", "reports", "medications", "procedures")
_DIALYSIS = {
    "conditions": [{"code": "SCT|236435004", "text": "End stage renal failure on dialysis"}],
    "procedures": [{"concept": "haemodialysis", "first_d": 900, "last_d": 1}],
}


@cache
def consultant() -> Consultant:
    """The service as a site runs it."""
    return Consultant.load(Settings())


def cases() -> Iterator[tuple[str, Case]]:
    """(id, case) of every case of tests/rules/orders, with what its group shares."""
    for file in sorted((_HERE / "orders").glob("*.yaml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8")):
            for case in group["cases"]:
                yield f"{group['rule']} {group['title']}: {case['title']}", _whole(group, case)


def _whole(group: Case, case: Case) -> Case:
    shared = [each for each in (group, case) if each is case or not case.get("no_group")]
    if case.get("dialysis"):
        shared.append(_DIALYSIS)
    if case.get("mass"):
        shared.append(group["mass"])
    whole = {**case, **{name: [item for each in shared for item in each.get(name, ())] for name in _LISTS}}
    panel = _PANELS[case["panel"]] if "panel" in case else ()
    whole["observations"] = [*panel, *map(_observation, whole["labs"]), *whole["observations"]]
    drafts = case.get("orders") or [case.get("order") or group["order"]]
    whole["draft_orders"] = [{"id": f"draft-{number}", **each} for number, each in enumerate(drafts, 1)]
    whole["orders"] = case.get("placed", ())
    return whole


def _observation(line: str) -> Case:
    """`calcium-total 2.65 mmol/L, 5`: test, value, unit, days ago."""
    said, _, days = line.rpartition(", ")
    lab, value, unit = said.split(" ")
    return {"lab": lab, "value": float(value), "unit": unit, "d": float(days)}


def facts_of(case: Case, now: datetime, knowledge: Knowledge | None = None) -> Facts:
    """What the rules may ask of the patient of `case`, drafts included."""
    record = [*resources(case, now), *(_request(each, now) for each in case.get("requests", ()))]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": each} for each in record]}
    reading = consultant().order_reader.read(
        {"record": Raw(json.dumps(bundle).encode())},
        PATIENT,
        now,
        orders=json.dumps(draft_orders(case)).encode(),
        whole_record=True,
    )
    return Facts(reading.chart, now, knowledge or consultant().knowledge)


def _request(request: Case, now: datetime) -> Case:
    """An active prescription, `d` days old."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"request-{request['atc']}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "authoredOn": _ago(now, request["d"]),
        "medicationCodeableConcept": {
            "text": request["text"],
            "coding": [{"system": "http://www.whocc.no/atc", "code": request["atc"]}],
        },
    }


def evaluated(case: Case, now: datetime) -> Evaluation:
    return evaluate_orders(facts_of(case, now))


def given(conclusions: tuple[Conclusion, ...]) -> Mapping[str, Conclusion]:
    """The cards by "id variant"; each id once."""
    found = {f"{each.card} {each.variant}".strip(): each for each in conclusions}
    assert len({each.card for each in conclusions}) == len(conclusions), "one card per card id (ORD-0c)"
    return found
