"""The Patient: sex, birth, and where the patient comes from (DDX-1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import status, words
from cds.fhir.dates import first_day
from cds.fhir.references import ref
from cds.fhir.resources import Extension
from cds.fhir.resources import Patient as Resource
from cds.reasoning.chart import Patient

__all__ = ["read_patient"]

_COUNTRY_EXTENSIONS: Final = ("patient-birthPlace", "patient-citizenship", "patient-nationality")


def read_patient(patient_id: str, resource: Resource | None) -> Patient:
    """Who it is about; without a resource nothing is known but the id."""
    if resource is None:
        return Patient(patient_id)
    gender = status(resource.gender)
    return Patient(
        id=patient_id,
        sex="male" if gender == "male" else "female" if gender == "female" else None,
        born=first_day(resource.birthDate),
        countries=tuple(dict.fromkeys(_countries(resource))),
        source=ref(resource),
    )


def _countries(resource: Resource) -> Iterable[str]:
    for each in resource.extension or ():
        if each.url is not None and each.url.rpartition("/")[2] in _COUNTRY_EXTENSIONS:
            yield from _named(each)
    for address in resource.address or ():
        if address.country and address.country.strip():
            yield address.country.strip()


def _named(extension: Extension) -> Iterable[str]:
    """The country in an extension: an address, a code, or one of both in the extension inside it."""
    if extension.valueAddress is not None and extension.valueAddress.country:
        yield extension.valueAddress.country.strip()
    concept = extension.valueCodeableConcept
    if concept is not None:
        yield from words(concept) or tuple(coding.code for coding in concept.coding or () if coding.code)
    for each in extension.extension or ():
        yield from _named(each)
