"""The services of this house, as discovery lists them (D2, D3, D6). Which card belongs to which stands in rules/cards."""

from __future__ import annotations

from collections.abc import Mapping

from cds.hooks.services import FHIR_VERSIONS, Service

__all__ = ["CALCIFICATION", "VENOUS", "services"]

_HOOKS = ("patient-view", "encounter-start", "problem-list-item-create")

_USAGE = (
    f"Reads FHIR {' and '.join(FHIR_VERSIONS)} from the prefetch of the request; it calls no FHIR server. What is absent "
    "from the prefetch is named on a card, never taken as normal. Cards are in English or French, by Accept-Language."
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


def services(prefetch: Mapping[str, str]) -> tuple[Service, ...]:
    """Both services, advertising the templates of `prefetch` (D5: derived from what the rules read)."""
    templates = dict(prefetch)
    return tuple(service._replace(prefetch=templates) for service in (CALCIFICATION, VENOUS))
