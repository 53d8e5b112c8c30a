"""FHIR resources for tests, as small as they can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from msgspec import Raw

from cds.fhir.reading import Reader, Reading

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PATIENT = "p1"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"

Resource = dict[str, Any]


def raw(value: object) -> Raw:
    return Raw(json.dumps(value, ensure_ascii=False).encode())


def concept(text: str | None = None, *codings: tuple[str, str] | tuple[str, str, str]) -> Resource:
    names = ("system", "code", "display")
    return {
        **({"text": text} if text is not None else {}),
        **({"coding": [dict(zip(names, each, strict=False)) for each in codings]} if codings else {}),
    }


def resource(kind: str, identifier: str | None = "r1", **members: Any) -> Resource:
    """A resource about the patient; a member that is None is left out."""
    about = {} if kind == "Patient" else {"subject": {"reference": f"Patient/{PATIENT}"}}
    made = {"resourceType": kind, "id": identifier or None, **about, **members}
    return {name: each for name, each in made.items() if each is not None}


def quantity(value: object, unit: str = "mmol/L", **members: object) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **members}


def observation(identifier: str = "r1", **members: Any) -> Resource:
    """Total calcium 2.31 mmol/L of a day ago, final, unless `members` say otherwise."""
    members = {
        "status": "final",
        "code": concept("Calcium", (LOINC, "2000-8")),
        "effectiveDateTime": "2026-03-01T08:00:00Z",
        **({"valueQuantity": quantity(2.31)} if not any(name.startswith("value") for name in members) else {}),
        **members,
    }
    return resource("Observation", identifier, **members)


def condition(identifier: str = "r1", **members: Any) -> Resource:
    members = {"code": concept("Gout", (ICD_10, "M10.9")), **members}
    return resource("Condition", identifier, **members)


def patient(identifier: str | None = PATIENT, **members: Any) -> Resource:
    return resource("Patient", identifier, **members)


def bundle(*resources: Resource | None, kind: str = "searchset", **members: Any) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in resources], **members}


def read(reader: Reader, *resources: Resource, key: str = "data", **options: Any) -> Reading:
    """What is read of `resources` sent under one key."""
    return reader.read({key: raw(bundle(*resources))}, PATIENT, NOW, **options)


def refused(reading: Reading) -> list[tuple[str, str]]:
    """(reference, reason) of what was not used."""
    return [(each.reference, each.reason) for each in reading.chart.not_used]
