"""What composing needs to know of the request and of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from os import urandom
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from cds.hooks.models import Indicator

__all__ = ["OFTEN", "SETTLED", "Before", "CardContext", "Options", "Release", "new_uuid"]

SETTLED: Final = "settled"
"""A clinician has dealt with the card."""
OFTEN: Final = "often"
"""It was shown often enough today."""

Release = Literal["STU3", "R4", "R5"]
"""A release of FHIR in which suggested resources are written; R4B is R4 in all that is suggested."""

_RELEASES: Final[Mapping[str, Release]] = {"": "R4", "3": "STU3", "4": "R4", "5": "R5"}
"""By the first digit of a version."""


def new_uuid() -> str:
    """A fresh random UUID (version 4), made without the classes of `uuid`: an answer needs a dozen."""
    octets = bytearray(urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Options(NamedTuple):
    """What a site sets."""

    canonical_base: str = "https://calcification-cds.example/fhir"
    service_label: str = "Calcification CDS"
    source_url: str = ""
    """Absolute; where a reader learns more about the service."""
    display_limit: int = 5
    """Cards of one answer (section 12); critical ones are shown beyond it."""
    evaluation_extension: bool = True
    """Whether the machine-readable result goes with the answer."""


class Before(NamedTuple):
    """A card that was shown before and is not due again, unless it is more severe now (PIT-19)."""

    indicator: Indicator
    """How severe it was."""
    reason: Literal["settled", "often"]


class CardContext(NamedTuple):
    """What one request gives: for whom, when, in which encounter, at whose hands."""

    patient_id: str
    now: datetime
    encounter_id: str = ""
    user: str = ""
    """Reference as the hook gives it: "Practitioner/…", "PractitionerRole/…", "Patient/…"."""
    fhir_version: str = ""
    """Of the client, where it is known: "4.0.1", "5.0.0" …"""
    only_service: bool = False
    """The caller is known to call this service alone: then a red flag that withholds its cards is shown here too."""
    most_cards: int | None = None
    """Where the service shows fewer cards than the site allows (ORD-0c); critical ones are shown beyond it."""
    dismissed: Mapping[str, Before] = MappingProxyType({})
    """By evidence hash, cards shown before and not due again (PIT-19)."""
    prefetch: Mapping[str, str] | None = None
    """State per prefetch key for the result; None: per kind of data, as the evaluation has it."""
    fetch: Mapping[str, object] | None = None
    """How fetching went, for the result; None: nothing had to be fetched."""
    new_uuid: Callable[[], str] = new_uuid

    @property
    def practitioner(self) -> str:
        """The reference of a practitioner, "" for anybody else."""
        return self.user if self.user.startswith(("Practitioner/", "PractitionerRole/")) else ""

    @property
    def release(self) -> Release | None:
        """The release of FHIR in which a suggested resource is valid for the client; None where it is one in which we
        write nothing. Nothing said means R4."""
        return _RELEASES.get(self.fhir_version.strip().upper().removeprefix("STU").removeprefix("R")[:1])
