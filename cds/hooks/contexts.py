"""The `context` of every hook of the hook library, typed (R2).

Reading is tolerant where it harms nobody (R4): unknown members are ignored, an optional member may be null or empty.
Resources stay JSON text (`msgspec.Raw`): reading them is the business of `cds.fhir`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from msgspec import Raw

__all__ = [
    "HOOKS",
    "AllergyIntoleranceCreate",
    "AppointmentBook",
    "Context",
    "EncounterDischarge",
    "EncounterStart",
    "Hook",
    "MedicationRefill",
    "OrderDispatch",
    "OrderSelect",
    "OrderSign",
    "PatientView",
    "ProblemListItemCreate",
]


class Context(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every hook says: which patient. Never printed: it names a patient."""

    patient_id: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def user(self) -> str:
        """Who is looking, as a reference ("Practitioner/1"); "" when unknown, or not usable as a reference."""
        who = getattr(self, "user_id", None) or ""
        return who if "/" in who else ""

    @property
    def encounter(self) -> str:
        """Logical id of the encounter, "" when there is none."""
        return getattr(self, "encounter_id", None) or ""


class _ByUser(Context, frozen=True, kw_only=True, rename="camel"):
    user_id: str
    encounter_id: str | None = None


class PatientView(_ByUser, frozen=True, kw_only=True, rename="camel"):
    """patient-view: the chart is opened."""


class EncounterStart(Context, frozen=True, kw_only=True, rename="camel"):
    """encounter-start: an encounter begins."""

    user_id: str
    encounter_id: str


class EncounterDischarge(Context, frozen=True, kw_only=True, rename="camel"):
    """encounter-discharge: an encounter ends."""

    user_id: str
    encounter_id: str


class ProblemListItemCreate(_ByUser, frozen=True, kw_only=True, rename="camel"):
    """problem-list-item-create: `conditions` is a Bundle of the Conditions about to be added."""

    conditions: Raw


class OrderSelect(_ByUser, frozen=True, kw_only=True, rename="camel"):
    """order-select: `selections` names the newly selected resources of the Bundle `draft_orders`."""

    selections: tuple[str, ...]
    draft_orders: Raw


class OrderSign(_ByUser, frozen=True, kw_only=True, rename="camel"):
    """order-sign: `draft_orders` is the Bundle about to be signed."""

    draft_orders: Raw


class AppointmentBook(_ByUser, frozen=True, kw_only=True, rename="camel"):
    """appointment-book: `appointments` is a Bundle of proposed Appointments."""

    appointments: Raw


class AllergyIntoleranceCreate(_ByUser, frozen=True, kw_only=True, rename="camel"):
    """allergyintolerance-create: one AllergyIntolerance."""

    allergy_intolerance: Raw


class MedicationRefill(Context, frozen=True, kw_only=True, rename="camel"):
    """medication-refill: `medications` is a Bundle of draft MedicationRequests; there may be no user."""

    user_id: str | None = None
    encounter_id: str | None = None
    medications: Raw


class OrderDispatch(Context, frozen=True, kw_only=True, rename="camel"):
    """order-dispatch: signed orders are given to a performer; the hook has no user."""

    dispatched_orders: tuple[str, ...]
    performer: str
    fulfillment_tasks: tuple[Raw, ...] | None = None


class Hook(NamedTuple):
    """A hook of the library: its `hookVersion` as published in its definition (D2), and its context."""

    version: str
    context: type[Context]


HOOKS: Mapping[str, Hook] = MappingProxyType(
    {
        "allergyintolerance-create": Hook("0.1.0", AllergyIntoleranceCreate),
        "appointment-book": Hook("1.0", AppointmentBook),
        "encounter-discharge": Hook("1.0", EncounterDischarge),
        "encounter-start": Hook("1.0", EncounterStart),
        "medication-refill": Hook("0.1.0", MedicationRefill),
        "order-dispatch": Hook("1.1", OrderDispatch),
        "order-select": Hook("1.0", OrderSelect),
        "order-sign": Hook("1.0", OrderSign),
        "patient-view": Hook("1.0", PatientView),
        "problem-list-item-create": Hook("0.1.0", ProblemListItemCreate),
    }
)
"""Every hook that this service knows to read, by name."""
