"""How often the service of orders speaks on the real data of tests/data/fhir: the table of docs/orders.md (`make docs`).

Each MedicationRequest of each patient is taken as the one draft of an order-sign request, at the time at which it was
written, beside what the record said until then. What was recorded later is not seen: the service refuses the future.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
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

__all__ = ["Asked", "burden", "table"]

_INSTANCE = UUID("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")
_DATA = "C-DATA"


class Asked(NamedTuple):
    """One order of one patient, and what was said of it."""

    source: str
    """The collection that the patient belongs to."""
    patient: str
    medicine: str
    cards: tuple[tuple[str, str], ...]
    """(card, indicator)."""


def burden() -> list[Asked]:
    """Every medication request of the real data, asked about one at a time."""
    consultant = Consultant.load(Settings())
    service = next(each for each in consultant.services if each.id == ORDERS.id)
    asked = []
    for name, record in records().items():
        for order in record.resources:
            if order["resourceType"] == "MedicationRequest":
                asked.append(_asked(name, record, order, consultant, service.prefetch))
    return asked


def _asked(name: str, record: Ehr, order: dict[str, Any], consultant: Consultant, templates: Any) -> Asked:
    others = Ehr(record.patient_id, [each for each in record.resources if each is not order])
    draft = {**order, "status": "draft"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}, *_medications(record)]}
    request = Request(
        hook="order-sign",
        instance=_INSTANCE,
        context=OrderSign(
            patient_id=record.patient_id,
            user_id="Practitioner/example",
            draft_orders=msgspec.Raw(msgspec.json.encode(bundle)),
        ),
        prefetch={key: msgspec.Raw(msgspec.json.encode(value)) for key, value in others.prefetch(templates).items()},
    )
    case = consultant.judge(request, _written(order))
    service = next(each for each in consultant.serving(case) if each.id == ORDERS.id)
    cards = consultant.answer(service, case, "en").cards
    shown = tuple((card.source.topic.code, card.indicator) for card in cards if card.source.topic)
    collection, _, patient = name.partition("/")
    drafts = case.reading.chart.drafts
    return Asked(collection, patient, drafts[0].texts[0] if drafts and drafts[0].texts else "(not named)", shown)


def _medications(record: Ehr) -> list[dict[str, Any]]:
    """The Medications that orders may refer to: a client bundles them with the order."""
    return [{"resource": each} for each in record.resources if each["resourceType"] == "Medication"]


def _written(order: dict[str, Any]) -> datetime:
    """When the order was written; the clock of the tests where it does not say."""
    if "authoredOn" not in order:
        return NOW
    at = datetime.fromisoformat(order["authoredOn"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def table() -> str:
    """The burden as Markdown: per collection, then every card that was shown."""
    asked = burden()
    lines = ["| data | patients with an order | orders | orders with a card | cards |", "|---|--:|--:|--:|---|"]
    for source in sorted({each.source for each in asked}):
        lines.append(_row(source, [each for each in asked if each.source == source]))
    lines.append(_row("all", asked))
    spoken = [each for each in asked if each.cards]
    if spoken:
        lines += ["", "| data | patient | order | card | indicator |", "|---|---|---|---|---|"]
        lines += sorted(
            f"| {each.source} | {each.patient[:8]} | {each.medicine} | {card} | {indicator} |"
            for each in spoken
            for card, indicator in each.cards
        )
    return "\n".join(lines) + "\n"


def _row(source: str, asked: list[Asked]) -> str:
    cards = Counter(card for each in asked for card, _ in each.cards)
    said = ", ".join(f"{card} {number}" for card, number in sorted(cards.items())) or "none"
    patients = len({(each.source, each.patient) for each in asked})
    return f"| {source} | {patients} | {len(asked)} | {sum(bool(each.cards) for each in asked)} | {said} |"


def main() -> None:
    print(table(), end="")


if __name__ == "__main__":
    main()
