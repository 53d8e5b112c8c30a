"""The services of this house, as discovery lists them (D2, D3, D6). Which card belongs to which stands in rules/cards."""

from __future__ import annotations

from collections.abc import Mapping

from cds.hooks.services import FHIR_VERSIONS, Service

__all__ = ["CALCIFICATION", "ORDERS", "VENOUS", "services"]

_HOOKS = ("patient-view", "encounter-start", "problem-list-item-create")

_USAGE = (
    f"Reads FHIR {' and '.join(FHIR_VERSIONS)} from the prefetch of the request. What is absent from it is asked of "
    "`fhirServer`, where the site allows that server; what cannot be had is named on a card, never taken as normal. Cards "
    "are in English or French, by Accept-Language."
)

CALCIFICATION = Service(
    id="soft-tissue-calcification",
    title="Soft-tissue calcification",
    description=(
        "Tells whether recorded soft-tissue calcification is **metastatic** (a calcium-phosphate disorder) or "
        "**dystrophic** (a local cause), on which evidence, and what is missing: causes, recognised forms, differential "
        "diagnosis, calcium alarms, suspected calciphylaxis, work-up."
    ),
    hooks=_HOOKS,
    usage=_USAGE,
)

VENOUS = Service(
    id="chronic-venous-insufficiency",
    title="Chronic venous insufficiency",
    description=(
        "Stages chronic venous insufficiency in the **four stages of Porter (1988)** with an approximate CEAP class, "
        "relates it to calcification of the leg, and speaks up for a venous ulcer that fails to heal."
    ),
    hooks=_HOOKS,
    usage=_USAGE,
)


ORDERS = Service(
    id="calcification-order-safety",
    title="Order safety in soft-tissue calcification",
    description=(
        "Asks of each draft order whether, in this patient, it favours calcium-phosphate deposition, calciphylaxis, an "
        "ischaemic leg or a wrong biopsy, or repeats a test that is already there: calcium, vitamin D, thiazides, "
        "phosphate, calcium-based binders, vitamin K antagonists, compression, biopsy, imaging, laboratory tests. At most "
        "**three cards**, or none; it never says that an order is safe."
    ),
    hooks=("order-select", "order-sign"),
    usage=(
        f"{_USAGE} Of `draftOrders` it reads MedicationRequest, ServiceRequest and DeviceRequest; on order-select only "
        "the orders named in `selections` are judged. Suggestions may delete a draft order of the request, nothing stored."
    ),
    most_cards=3,
)


def services(prefetch: Mapping[str, str], order_prefetch: Mapping[str, str]) -> tuple[Service, ...]:
    """The services, advertising the templates of `prefetch`, that of orders those of `order_prefetch` (D5: derived from
    what the rules read)."""
    templates = dict(prefetch)
    return (
        *(service._replace(prefetch=templates) for service in (CALCIFICATION, VENOUS)),
        ORDERS._replace(prefetch=dict(order_prefetch)),
    )
