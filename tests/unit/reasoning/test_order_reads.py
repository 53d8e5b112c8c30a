"""The prefetch of orders: what their rules read is asked for, what nothing reads is not (invariant 6)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from msgspec import Raw

from cds import data
from cds.consult import Consultant
from cds.fhir.terminology import Terminology
from cds.reasoning.facts import Facts
from cds.reasoning.laboratory import Laboratory
from cds.reasoning.orders.evaluate import evaluate_orders
from cds.reasoning.orders.reads import DERIVED, labs_read
from cds.settings import Settings
from tests.clock import NOW
from tests.rules.building import PATIENT, cases, draft_orders, resources

EVERY = {name: case for folder in ("vignettes", "cases", "vignettes-order-sign") for name, case in cases(folder)}
ORDERED = (
    *({"id": f"m{number}", "type": "MedicationRequest", "text": text} for number, text in enumerate(
        ("carbonate de calcium 500 mg", "alfacalcidol", "colécalciférol", "hydrochlorothiazide", "phosphate de sodium",
         "acétate de calcium", "warfarine")
    )),
    {"id": "d", "type": "DeviceRequest", "text": "bandage compressif"},
    {"id": "b", "type": "ServiceRequest", "text": "biopsie cutanée"},
    {"id": "r", "type": "ServiceRequest", "text": "scanner de jambe"},
)  # fmt: skip


@pytest.fixture(scope="module")
def consultant() -> Consultant:
    return Consultant.load(Settings())


def asked_for(consultant: Consultant, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every laboratory test that is looked for while orders are judged, over all patients of the tests."""
    asked: set[str] = set()

    class Listening(dict[str, Any]):
        def get(self, lab: str, default: Any = None) -> Any:
            asked.add(lab)
            return super().get(lab, default)

    made, without = Laboratory.__init__, Laboratory.without

    def listen(self: Laboratory, *arguments: Any) -> None:
        made(self, *arguments)
        self._by_lab = Listening(self._by_lab)

    def listen_on(self: Laboratory, refused: Any) -> Laboratory:
        rest = without(self, refused)
        rest._by_lab = Listening(rest._by_lab)
        return rest

    monkeypatch.setattr(Laboratory, "__init__", listen)
    monkeypatch.setattr(Laboratory, "without", listen_on)
    for case in EVERY.values():
        record = Raw(
            json.dumps(
                {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources(case, NOW)]}
            ).encode()
        )
        drafts = draft_orders({"draft_orders": [*case.get("draft_orders", ()), *ORDERED]})
        orders = json.dumps(drafts).encode()
        chart = consultant.reader.read({"record": record}, PATIENT, NOW, orders=orders, whole_record=True).chart
        evaluate_orders(Facts(chart, NOW, consultant.knowledge))
    return asked


def test_what_derived_values_read_is_asked_for(consultant: Consultant, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_for(consultant, monkeypatch)
    assert asked - labs_read(consultant.knowledge.orders) == set()
    assert DERIVED - asked - {"alp", "potassium"} == set()  # read of a contaminated sample only (LAB-4)


def test_what_is_not_to_be_repeated_is_asked_for_and_no_more(consultant: Consultant) -> None:
    labs = labs_read(consultant.knowledge.orders)
    assert {"ana", "ferritin", "vitamin-d-25oh", "creatine-kinase"} <= labs
    known = {each.id for each in consultant.knowledge.laboratory.tests}
    assert labs < known
    assert not labs & {"crp", "cystatin-c", "urea", "urate", "urine-acr"}
    terminology = Terminology.load(data.folder("profiles"))
    codes = {code.loinc for lab in labs for code in terminology.lab_codes(lab)}
    advertised = set(re.findall(r"\d+-\d\b", "&".join(consultant.order_reader.templates.values())))
    assert advertised == codes
