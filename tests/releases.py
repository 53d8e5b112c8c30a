"""The demonstration patients as other versions of FHIR write them: R4 resources, rewritten for R5, STU3 and DSTU2.

Only what the demonstration patients hold is rewritten. For R5 and STU3 the tests prove the result with the models of
`fhir.resources`; for DSTU2, which has no such models, the definitions of FHIR 1.0.2 were followed by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["RELEASES"]

Resource = dict[str, Any]


def _r5(made: Resource) -> Resource:
    match made["resourceType"]:
        case "MedicationRequest":
            _codeable_reference(made)
        case "MedicationStatement":
            _codeable_reference(made)
            state = {"active": "taking", "completed": "stopped"}[made["status"]]
            system = "http://hl7.org/fhir/CodeSystem/medication-statement-adherence"
            made |= {"status": "recorded", "adherence": {"code": {"coding": [{"system": system, "code": state}]}}}
        case "Procedure":
            _rename(made, performedPeriod="occurrencePeriod", performedDateTime="occurrenceDateTime")
        case "ServiceRequest":
            made["code"] = {"concept": made["code"]}
    return made


def _stu3(made: Resource) -> Resource:
    match made["resourceType"]:
        case "Condition":
            _plain_statuses(made)
            _rename(made, recordedDate="assertedDate")
        case "MedicationStatement":
            made["taken"] = "y"
        case "DiagnosticReport":
            made["category"] = made["category"][0]
        case "ServiceRequest":
            made["resourceType"] = "ProcedureRequest"
    return made


def _dstu2(made: Resource) -> Resource:
    match made["resourceType"]:
        case "Condition":
            _plain_statuses(made)
            _rename(made, recordedDate="dateRecorded", subject="patient")
            made["category"] = {"coding": [{"code": "diagnosis"}]}
        case "MedicationStatement":
            _rename(made, subject="patient")
            made["wasNotTaken"] = False
            for dosage in made.get("dosage", ()):
                _rename(dosage, site="siteCodeableConcept")
        case "MedicationRequest":
            made["resourceType"] = "MedicationOrder"
            _rename(made, subject="patient", authoredOn="dateWritten")
        case "Observation" | "DiagnosticReport":
            made["category"] = made["category"][0]
        case "ServiceRequest":
            made["resourceType"] = "DiagnosticOrder"
            made["item"] = [{"code": made.pop("code")}]
            made["status"] = {"active": "requested"}.get(made["status"], made["status"])
    return made


def _codeable_reference(made: Resource) -> None:
    for old, new in (("medicationCodeableConcept", "concept"), ("medicationReference", "reference")):
        if old in made:
            made["medication"] = {new: made.pop(old)}


def _plain_statuses(made: Resource) -> None:
    for status in ("clinicalStatus", "verificationStatus"):
        if status in made:
            made[status] = made[status]["coding"][0]["code"]


def _rename(made: Resource, **names: str) -> None:
    for old, new in names.items():
        if old in made:
            made[new] = made.pop(old)


RELEASES: Mapping[str, Callable[[Resource], Resource]] = {"5.0.0": _r5, "3.0.2": _stu3, "1.0.2": _dstu2}
"""By version: what makes a (deep) copy of an R4 resource one of that version."""
