"""What a service of ours is, and the answer of discovery (D1 to D6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cds.hooks.contexts import HOOKS
from cds.hooks.models import Discovery, ServiceEntry

__all__ = ["FHIR_VERSIONS", "SPECIFICATION", "Service", "discovery"]

SPECIFICATION = "2.0.1"
"""The version of CDS Hooks that we say we speak (D2)."""

FHIR_VERSIONS = ("4.0.1", "4.3.0", "5.0.0", "3.0.2", "1.0.2")
"""FHIR versions that are understood (D6): R4; R4B, which says the same in every element that is read; R5, STU3, DSTU2."""

_EXTENSION = "calcification-cds.fhir-versions"


class Service(NamedTuple):
    """A kind of guidance, on every hook where it is useful, under one id (D3)."""

    id: str
    title: str
    description: str
    """Markdown."""
    hooks: tuple[str, ...]
    usage: str = ""
    """usageRequirements."""
    most_cards: int | None = None
    """Cards of one answer where the guidance itself sets a limit, below that of the site."""
    prefetch: Mapping[str, str] = {}
    """Templates by key, derived from what the rules read (D5)."""

    @property
    def served(self) -> Mapping[str, str]:
        """hookVersion by hook."""
        return {hook: HOOKS[hook].version for hook in self.hooks}


def discovery(services: Iterable[Service]) -> Discovery:
    """Every service on each of its hooks."""
    return Discovery(
        services=[
            ServiceEntry(
                hook=hook,
                id=service.id,
                title=service.title,
                description=service.description,
                version=SPECIFICATION,
                hookVersion=version,
                prefetch=service.prefetch,
                usageRequirements=service.usage,
                extension={_EXTENSION: list(FHIR_VERSIONS)},
            )
            for service in services
            for hook, version in service.served.items()
        ]
    )
