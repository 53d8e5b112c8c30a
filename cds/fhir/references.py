"""Whose data they are (R6). Two patients are never merged.

`Patient/1`, a bare `1`, an absolute URL, a `urn:uuid:` that is the patient's id or the `fullUrl` of the patient's
entry are all this patient; a reference to anything else is somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from cds.fhir.bundles import Located
from cds.fhir.resources import Patient, SubjectResource
from cds.reasoning.chart import NotUsed, Ref

__all__ = ["Subject", "is_patient", "ref"]

S = TypeVar("S", bound=SubjectResource)


def ref(resource: Patient | SubjectResource) -> Ref:
    """The reference that evidence keeps."""
    meta = resource.meta
    return Ref(type(resource).__name__, resource.id or "", (meta.versionId or "") if meta is not None else "")


def is_patient(reference: str, patient_id: str) -> bool:
    """Whether `reference` is to the patient with this id, as far as the two alone can tell."""
    return bool(reference) and _logical(reference) == _logical(patient_id)


class Subject:
    """The patient of the request, and every way to refer to them that was met.

    A resource that names no subject is accepted only while all that was read belongs to this patient: it came in an
    answer about this patient. Beside another patient's data nobody can say whose it is.
    """

    def __init__(self, patient_id: str, patients: Iterable[Located[Patient]]) -> None:
        self.patient_id = _logical(patient_id)
        self._mine: dict[str, bool] = {patient_id: True, f"Patient/{self.patient_id}": True}
        self.patients: list[Patient] = []
        """The resources of this patient; more than one where it was sent twice."""
        self.not_used: list[NotUsed] = []
        for resource, full_url in patients:
            if self._is_me(resource.id or ""):
                self.patients.append(resource)
                if full_url:
                    self._mine[full_url] = True
            else:
                self.not_used.append(NotUsed(str(ref(resource)), "other-patient"))
        self._orphans: list[SubjectResource] = []

    def own(self, resources: list[S]) -> list[S]:
        """The resources of this patient. The others are counted; those without a subject too, until `judge_orphans`."""
        if not resources:
            return resources
        try:
            names = {each.subject.reference for each in resources}  # type: ignore[union-attr]
        except AttributeError:
            names = {None}
        if all(map(self.is_mine, names)):
            return resources
        return [each for each in resources if self._belongs(each)]

    def is_mine(self, reference: str | None) -> bool:
        """Whether a reference is to this patient."""
        if reference is None:
            return False
        known = self._mine.get(reference)
        if known is None:
            known = self._mine[reference] = self._is_me(reference)
        return known

    def orphans(self, kind: type[S]) -> list[S]:
        """The resources of one type without a subject, where they may be used: ask after all were given to `own`."""
        if self.not_used:
            return []
        return [each for each in self._orphans if isinstance(each, kind)]

    def refused_orphans(self) -> list[NotUsed]:
        """What to say of the resources without a subject, where they may not be used."""
        return [NotUsed(str(ref(each)), "no-subject") for each in self._orphans] if self.not_used else []

    def _belongs(self, resource: SubjectResource) -> bool:
        reference = next(
            (each.reference for each in (resource.subject, resource.patient) if each and each.reference), None
        )
        if reference is None:
            self._orphans.append(resource)
            return False
        if self.is_mine(reference):
            return True
        self.not_used.append(NotUsed(str(ref(resource)), "other-patient"))
        return False

    def _is_me(self, reference: str) -> bool:
        return bool(reference) and _logical(reference) == self.patient_id


def _logical(reference: str) -> str:
    """The logical id in a reference; a reference to anything but a Patient stays whole, and equals no id."""
    reference = reference.strip().partition("/_history/")[0]
    if reference.startswith("urn:uuid:"):
        return reference.removeprefix("urn:uuid:")
    before, slash, identifier = reference.rpartition("/")
    if not slash or before == "Patient" or before.endswith("/Patient"):
        return identifier
    return reference
