"""How often the service of orders speaks on the data of tests/data/fhir: the tables of docs/orders.md (`make docs`).

Two questions. The orders that stand in these charts: each MedicationRequest is taken as the one draft of an order-sign
request, at the time at which it was written, beside what the record said until then (what was recorded later is not seen:
the service refuses the future). And orders of every kind that the rules judge: each is drafted for every patient, the day
after the last datum of the chart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from cds.consult import Consultant
from cds.hooks.contexts import OrderSign
from cds.hooks.requests import Request
from cds.services import ORDERS
from cds.settings import Settings
from tests.clock import NOW
from tests.ehr import Ehr
from tests.records import records
from tests.rules.building import draft_orders

__all__ = ["Asked", "own_orders", "table", "typical_orders"]

Resource = dict[str, Any]

_INSTANCE = UUID("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")
_DATES = ("effectiveDateTime", "issued", "recordedDate", "authoredOn", "performedDateTime", "onsetDateTime")

TYPICAL: Mapping[str, Resource] = {
    "calcium carbonate, oral": {"type": "MedicationRequest", "atc": "A12AA04", "text": "calcium carbonate 500 mg"},
    "calcium gluconate, IV": {"type": "MedicationRequest", "atc": "A12AA03", "text": "calcium gluconate 10 %", "route": "IV"},
    "colecalciferol": {"type": "MedicationRequest", "atc": "A11CC05", "text": "colecalciferol 20,000 IU"},
    "alfacalcidol": {"type": "MedicationRequest", "atc": "A11CC03", "text": "alfacalcidol 0.25 µg"},
    "hydrochlorothiazide": {"type": "MedicationRequest", "atc": "C03AA03", "text": "hydrochlorothiazide 12.5 mg"},
    "sodium phosphate bowel preparation": {
        "type": "MedicationRequest", "atc": "A06AD17", "text": "sodium phosphate, bowel preparation",
    },
    "calcium acetate": {"type": "MedicationRequest", "atc": "V03AE07", "text": "calcium acetate"},
    "warfarin": {"type": "MedicationRequest", "atc": "B01AA03", "text": "warfarin 5 mg"},
    "compression bandage": {"type": "DeviceRequest", "text": "multilayer compression bandage"},
    "skin biopsy": {"type": "ServiceRequest", "code": "SCT|240977001", "text": "skin biopsy"},
    "calcium": {"type": "ServiceRequest", "loinc": "2000-8", "text": "calcium"},
    "25-OH vitamin D": {"type": "ServiceRequest", "loinc": "62292-8", "text": "25-hydroxyvitamin D"},
}  # fmt: skip
"""One order of each kind that the rules judge."""


class Asked(NamedTuple):
    """One order for one patient, and what was said of it."""

    patient: str
    order: str
    cards: tuple[tuple[str, str], ...]
    """(card, indicator)."""


@cache
def _consultant() -> Consultant:
    return Consultant.load(Settings())


def own_orders() -> list[Asked]:
    """Every medication request of the data, asked about one at a time."""
    asked = []
    for name, record in records().items():
        medications = [{"resource": each} for each in record.resources if each["resourceType"] == "Medication"]
        for order in (each for each in record.resources if each["resourceType"] == "MedicationRequest"):
            others = Ehr(record.patient_id, [each for each in record.resources if each is not order])
            bundle = {"resourceType": "Bundle", "entry": [{"resource": {**order, "status": "draft"}}, *medications]}
            asked.append(_ask(name, "", others, bundle, _day(order.get("authoredOn")) or NOW))
    return asked


def typical_orders() -> list[Asked]:
    """Each typical order for each patient."""
    asked = []
    for name, record in records().items():
        days = (_day(each.get(member)) for each in record.resources for member in _DATES)
        last = max((day for day in days if day is not None and day <= NOW), default=NOW)
        for order, draft in TYPICAL.items():
            bundle = draft_orders({"draft_orders": [{"id": "draft", **draft}]}, record.patient_id)
            asked.append(_ask(name, order, record, bundle, last + timedelta(days=1)))
    return asked


def _ask(name: str, order: str, record: Ehr, bundle: Resource, now: datetime) -> Asked:
    """`order`: what it is called; "": by its own name."""
    consultant = _consultant()
    service = next(each for each in consultant.services if each.id == ORDERS.id)
    request = Request(
        hook="order-sign",
        instance=_INSTANCE,
        context=OrderSign(patient_id=record.patient_id, user_id="Practitioner/example", draft_orders=_raw(bundle)),
        prefetch={key: _raw(value) for key, value in record.prefetch(service.prefetch).items()},
    )
    case = consultant.judge(request, now)
    (draft,) = case.reading.chart.drafts
    cards = consultant.answer(service, case, "en").cards
    shown = tuple((card.source.topic.code, card.indicator) for card in cards if card.source.topic)
    return Asked(name, order or draft.texts[0], shown)


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _day(written: object) -> datetime | None:
    if not isinstance(written, str) or len(written) < len("2026-03-02"):
        return None
    day = datetime.fromisoformat(written)
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def table() -> str:
    """Both answers as Markdown."""
    own, typical = own_orders(), typical_orders()
    lines = [_sum("The medication requests of these charts", own), "", *_table(own), ""]
    lines += [_sum("Orders of every kind that the rules judge", typical), "", *_table(typical)]
    return "\n".join(lines) + "\n"


def _sum(what: str, asked: list[Asked]) -> str:
    patients, spoken = len({each.patient for each in asked}), sum(bool(each.cards) for each in asked)
    return f"{what}: {len(asked)} requests about {patients} patients, **{spoken} with a card**."


def _table(asked: list[Asked]) -> list[str]:
    lines = ["| order | asked | with a card | which |", "|---|--:|--:|---|"]
    for order in dict.fromkeys(each.order for each in asked):
        of_it = [each for each in asked if each.order == order]
        cards = Counter(f"{card} ({indicator})" for each in of_it for card, indicator in each.cards)
        said = ", ".join(f"{number} x {card}" for card, number in sorted(cards.items())) or "-"
        lines.append(f"| {order} | {len(of_it)} | {sum(bool(each.cards) for each in of_it)} | {said} |")
    return lines


def main() -> None:
    print(table(), end="")


if __name__ == "__main__":
    main()
