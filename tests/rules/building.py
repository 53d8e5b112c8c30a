"""From a vignette or case (YAML) to the FHIR R4 resources of its patient.

The format, in short (all dates are days before the evaluation):

- `patient`: `age` in completed years (0 = infant), `sex`.
- `conditions`: `code` (`SCT|…`, `ICD10|…`, `ICD10CM|…`) or `text` only; `clinical` (default active), `verification`
  (default confirmed), `site`, `severity`, `onset_d`, `recorded_d`, `abated_y` (years).
- `observations`: `lab` with `value`, `unit`, `d`, and where given `comparator`, `ref_low`, `ref_high` (same unit) and
  `note`; or `sign` with a `value` in words or numbers, or `code`/`text` with `value`.
- `panel: normal` (cases only): calcium, albumin, phosphate and creatinine by the names of `_PANELS` below.
- `medications`: `atc`, `text`, where given `site`, and `d` for one that was given that day and has ended.
- `procedures`: `concept` with `first_d`, `last_d`.
- `reports`: `text` (the conclusion of a DiagnosticReport), `d`, `status` where it is not final, `code` of the conclusion.
- `orders`: `lab` (with `unit`) or `text` of an active ServiceRequest, `d`.
- `draft_orders`: `id`, `type`, `text`, and where given `atc`, `rxnorm`, `loinc`, `code` (`SCT|…`), `route`, `site`,
  `priority`, `note`: the orders that are being written (hooks order-select and order-sign).
- `expected`: what the service must find. `cards` is the exact set, before the display limit; `causes` the level of some
  causes ("none" where it must not count); `says_fr` words that the French detail of a card must hold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CHANGES", "PATIENT", "Case", "cases", "draft_orders", "in_other_units", "resources"]

Case = dict[str, Any]
Resource = dict[str, Any]

PATIENT = "example"
_HERE = Path(__file__).parent

_SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
}
_HL7 = "http://terminology.hl7.org/CodeSystem/"

_LOINC = {
    "ace": {"U/L": "2742-5"},
    "albumin": {"g/L": "1751-7", "g/dL": "1751-7"},
    "alp": {"U/L": "6768-6"},
    "ana": {"": "5048-4"},
    "anti-centromere": {"": "16137-2"},
    "anti-dsdna": {"": "31348-6"},
    "anti-scl70": {"": "27416-7"},
    "bicarbonate": {"mmol/L": "1963-8"},
    "body-height": {"cm": "8302-2"},
    "calcium-corrected": {"mmol/L": "29265-6", "mg/dL": "46099-8"},
    "calcium-ionised": {"mmol/L": "1995-0", "mg/dL": "17864-0"},
    "calcium-total": {"mmol/L": "2000-8", "mg/dL": "17861-6", "mg/L": "17861-6"},
    "creatine-kinase": {"U/L": "2157-6"},
    "creatinine": {"umol/L": "14682-9", "mg/dL": "2160-0", "mg/L": "2160-0"},
    "egfr": {"mL/min/{1.73_m2}": "98979-8"},
    "fgf23-intact": {"pg/mL": "54390-0"},
    "m-protein": {"g/L": "33358-3"},
    "phosphate": {"mmol/L": "14879-1", "mg/dL": "2777-1"},
    "potassium": {"mmol/L": "2823-3"},
    "pregnancy-status": {"": "82810-3"},
    "protein-total": {"g/dL": "2885-2", "g/L": "2885-2"},
    "pth-intact": {"pg/mL": "2731-8", "ng/L": "2731-8", "pmol/L": "14866-8"},
    "pthrp": {"pmol/L": "15087-0"},
    "urate": {"umol/L": "14933-6"},
    "urine-calcium-24h": {"mmol/(24.h)": "14637-3"},
    "urine-calcium-creatinine": {"mmol/mmol": "24518-3"},
    "vitamin-d-1-25": {"pg/mL": "62290-2", "pmol/L": "14566-4"},
    "vitamin-d-25oh": {"nmol/L": "14635-7", "ng/mL": "62292-8"},
}
"""LOINC code of a laboratory test by the unit that it is reported in (mass or molar property)."""

_VITAL_SIGNS = {"body-height"}
_PROCEDURES = {"haemodialysis": ("302497006", "Haemodialysis")}
_SIGNS = {"ceap": "CEAP", "ankle-brachial-index": "Ankle-brachial index", "wound-area": "Wound area"}


def _panel(calcium: dict[int, float], phosphate: dict[int, float], creatinine: dict[int, float]) -> tuple[Case, ...]:
    """Values by days ago, with an albumin of 42 g/L beside every calcium."""
    return (
        *({"lab": "calcium-total", "value": value, "unit": "mmol/L", "d": d} for d, value in calcium.items()),
        *({"lab": "albumin", "value": 42, "unit": "g/L", "d": d} for d in calcium),
        *({"lab": "phosphate", "value": value, "unit": "mmol/L", "d": d} for d, value in phosphate.items()),
        *({"lab": "creatinine", "value": value, "unit": "umol/L", "d": d} for d, value in creatinine.items()),
    )


_PANELS = {
    "normal": _panel({10: 2.38}, {10: 1.08}, {10: 62}),
    "normal, 120 days old": _panel({120: 2.38}, {120: 1.08}, {120: 62}),
    "without calcium": _panel({}, {10: 1.08}, {10: 62}),
    "without phosphate": _panel({10: 2.38}, {}, {10: 62}),
    "without creatinine": _panel({10: 2.38}, {10: 1.08}, {}),
    "calcium verified high": _panel({5: 2.88, 25: 2.86}, {5: 1.0}, {5: 62}),
    "calcium verified high, dates close": _panel({5: 2.88, 8: 2.86}, {5: 1.0}, {5: 62}),
    "calcium high once": _panel({5: 2.75}, {5: 1.0}, {5: 62}),
    "phosphate high": _panel({10: 2.38}, {10: 2.1, 40: 2.0}, {10: 62}),
    "phosphate high once": _panel({10: 2.38}, {10: 1.6}, {10: 62}),
    "G3": _panel({10: 2.38}, {10: 1.08}, {10: 115, 200: 114}),
    "G3, phosphate high": _panel({10: 2.38}, {10: 1.9, 200: 1.85}, {10: 115, 200: 114}),
    "G4": _panel({10: 2.38}, {10: 1.08}, {10: 220, 200: 215}),
    "G4, phosphate high": _panel({10: 2.38}, {10: 1.9, 200: 1.85}, {10: 220, 200: 215}),
    "G5": _panel({10: 2.38}, {10: 1.2}, {10: 560, 200: 540}),
    "eGFR 20, once": _panel({10: 2.38}, {10: 1.08}, {10: 220}),
}
"""Results of a woman of 60, by name."""


def cases(folder: str) -> Iterator[tuple[str, Case]]:
    """(id, case) for every YAML file below tests/rules/`folder`; a file may hold several documents."""
    for file in sorted((_HERE / folder).rglob("*.yaml")):
        for case in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            panel = _PANELS[case["panel"]] if "panel" in case else ()
            yield case["id"], {**case, "observations": [*panel, *case.get("observations", ())]}


def resources(case: Case, now: datetime) -> list[Resource]:
    """The whole record of the patient of `case`, as it stood at `now`."""
    subject = {"reference": f"Patient/{PATIENT}"}
    built: list[Resource] = [_patient(case.get("patient", _ANYBODY), now)]
    for number, each in enumerate(case.get("conditions", ()), 1):
        built.append(_condition(f"condition-{number}", each, subject, now))
    for number, each in enumerate(case.get("observations", ()), 1):
        built.append(_observation(f"observation-{number}", each, subject, now))
    for number, each in enumerate(case.get("medications", ()), 1):
        built.append(_medication(f"medication-{number}", each, subject, now))
    for number, each in enumerate(case.get("procedures", ()), 1):
        built.append(_procedure(f"procedure-{number}", each, subject, now))
    for number, each in enumerate(case.get("reports", ()), 1):
        built.append(_report(f"report-{number}", each, subject, now))
    for number, each in enumerate(case.get("orders", ()), 1):
        built.append(_order(f"order-{number}", each, subject, now))
    return built


_ANYBODY: Case = {"age": 60, "sex": "female"}


def _patient(patient: Case, now: datetime) -> Resource:
    """Born half a year before the birthday that `age` names: the age in completed years does not hang on a day."""
    born = now - timedelta(days=round(365.25 * (patient["age"] + 0.5)))
    return {
        "resourceType": "Patient",
        "id": PATIENT,
        "gender": patient["sex"],
        "birthDate": born.date().isoformat(),
    }


def _condition(identifier: str, condition: Case, subject: Resource, now: datetime) -> Resource:
    code: Resource = {"text": condition["text"]} if "text" in condition else {}
    if "code" in condition:
        code["coding"] = [_coding(condition["code"])]
    built: Resource = {
        "resourceType": "Condition",
        "id": identifier,
        "clinicalStatus": _concept("condition-clinical", condition.get("clinical", "active")),
        "verificationStatus": _concept("condition-ver-status", condition.get("verification", "confirmed")),
        "category": [_concept("condition-category", "problem-list-item")],
        "code": code,
        "subject": subject,
    }
    if "severity" in condition:
        built["severity"] = {"text": condition["severity"]}
    if "site" in condition:
        built["bodySite"] = [{"text": condition["site"]}]
    if "onset_d" in condition:
        built["onsetDateTime"] = _ago(now, condition["onset_d"])
    if "recorded_d" in condition:
        built["recordedDate"] = _ago(now, condition["recorded_d"])
    if "abated_y" in condition:
        built["abatementDateTime"] = _ago(now, 365.25 * condition["abated_y"])
    return built


def _observation(identifier: str, observation: Case, subject: Resource, now: datetime) -> Resource:
    code, category = _observed(observation)
    built: Resource = {
        "resourceType": "Observation",
        "id": identifier,
        "status": observation.get("status", "final"),
        "category": [_concept("observation-category", category)],
        "code": code,
        "subject": subject,
        "effectiveDateTime": _ago(now, observation["d"]),
    }
    value, unit = observation["value"], observation.get("unit", "")
    if isinstance(value, bool):
        built["valueBoolean"] = value
    elif isinstance(value, str):
        built["valueString"] = value
    else:
        built["valueQuantity"] = _quantity(value, unit or "1")
        if "comparator" in observation:
            built["valueQuantity"]["comparator"] = observation["comparator"]
    limits = {side: _quantity(observation[name], unit) for side, name in _LIMITS.items() if name in observation}
    if limits:
        built["referenceRange"] = [limits]
    if "note" in observation:
        built["note"] = [{"text": observation["note"]}]
    if "severity" in observation:
        built["interpretation"] = [{"text": observation["severity"]}]
    if "site" in observation:
        built["bodySite"] = {"text": observation["site"]}
    return built


_LIMITS = {"low": "ref_low", "high": "ref_high"}


def _observed(observation: Case) -> tuple[Resource, str]:
    """(code, category): what was looked at."""
    if "sign" in observation:
        return {"text": _SIGNS[observation["sign"]]}, "exam"
    if "lab" not in observation:
        code: Resource = {"text": observation["text"]} if "text" in observation else {}
        if "code" in observation:
            code["coding"] = [_coding(observation["code"])]
        return code, "exam"
    lab = observation["lab"]
    if lab == "wound-area":
        return {"text": _SIGNS[lab]}, "exam"
    loinc = _LOINC[lab][observation.get("unit", "")]
    category = "vital-signs" if lab in _VITAL_SIGNS else "laboratory"
    name = lab.replace("-", " ").capitalize()
    return {"coding": [{"system": "http://loinc.org", "code": loinc}], "text": name}, category


def _medication(identifier: str, medication: Case, subject: Resource, now: datetime) -> Resource:
    """A MedicationStatement: taken now, or (`d`) given on one day and ended."""
    built: Resource = {
        "resourceType": "MedicationStatement",
        "id": identifier,
        "status": "completed" if "d" in medication else "active",
        "medicationCodeableConcept": {"text": medication["text"]},
        "subject": subject,
    }
    if "atc" in medication:
        coding = {"system": "http://www.whocc.no/atc", "code": medication["atc"]}
        built["medicationCodeableConcept"]["coding"] = [coding]
    if "d" in medication:
        day = _ago(now, medication["d"])
        built["effectivePeriod"] = {"start": day, "end": day}
    if "site" in medication:
        built["dosage"] = [{"site": {"text": medication["site"]}}]
    return built


def _procedure(identifier: str, procedure: Case, subject: Resource, now: datetime) -> Resource:
    code, text = _PROCEDURES[procedure["concept"]]
    return {
        "resourceType": "Procedure",
        "id": identifier,
        "status": "completed",
        "code": {"coding": [{"system": _SYSTEMS["SCT"], "code": code}], "text": text},
        "subject": subject,
        "performedPeriod": {"start": _ago(now, procedure["first_d"]), "end": _ago(now, procedure["last_d"])},
    }


def _report(identifier: str, report: Case, subject: Resource, now: datetime) -> Resource:
    built = {
        "resourceType": "DiagnosticReport",
        "id": identifier,
        "status": report.get("status", "final"),
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}],
        "code": {"text": report.get("name", "Imaging report")},
        "subject": subject,
        "effectiveDateTime": _ago(now, report["d"]),
        "conclusion": report["text"],
    }
    if "code" in report:
        built["conclusionCode"] = [{"coding": [_coding(report["code"])]}]
    return built


def _order(identifier: str, order: Case, subject: Resource, now: datetime) -> Resource:
    """An active ServiceRequest for a laboratory test, or for something that only words name."""
    code: Resource = {"text": order["text"]} if "text" in order else {}
    if "lab" in order:
        code["coding"] = [{"system": "http://loinc.org", "code": _LOINC[order["lab"]][order["unit"]]}]
    return {
        "resourceType": "ServiceRequest",
        "id": identifier,
        "status": "active",
        "intent": "order",
        "code": code,
        "subject": subject,
        "authoredOn": _ago(now, order["d"]),
    }


def draft_orders(case: Case, patient: str = PATIENT) -> Resource:
    """The Bundle of the draft orders of `case`, as `context.draftOrders`."""
    subject = {"reference": f"Patient/{patient}"}
    drafts = [_draft(each, subject) for each in case.get("draft_orders", ())]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in drafts]}


_DRAFT_CODES = {
    "atc": "http://www.whocc.no/atc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "loinc": "http://loinc.org",
}


def _draft(draft: Case, subject: Resource) -> Resource:
    code: Resource = {"text": draft["text"]} if "text" in draft else {}
    codings = [{"system": _DRAFT_CODES[name], "code": draft[name]} for name in _DRAFT_CODES if name in draft]
    if "code" in draft:
        codings.append(_coding(draft["code"]))
    if codings:
        code["coding"] = codings
    kind = draft["type"]
    built: Resource = {
        "resourceType": kind,
        "id": draft["id"],
        "status": "draft",
        "intent": "order",
        "subject": subject,
    }
    if kind == "MedicationRequest":
        built["medicationCodeableConcept"] = code
        dosage = {name: {"text": draft[name]} for name in ("route", "site") if name in draft}
        if dosage:
            built["dosageInstruction"] = [dosage]
    elif kind == "ServiceRequest":
        built["code"] = code
        if "site" in draft:
            built["bodySite"] = [{"text": draft["site"]}]
    else:
        built["codeCodeableConcept"] = code
    if "priority" in draft:
        built["priority"] = draft["priority"]
    if "note" in draft:
        built["note"] = [{"text": draft["note"]}]
    return built


def _coding(written: str) -> Resource:
    system, code = written.split("|")
    return {"system": _SYSTEMS[system], "code": code}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": _HL7 + system, "code": code}]}


def _quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def _ago(now: datetime, days: float) -> str:
    return (now - timedelta(days=days)).isoformat()


# Changes that must not change what is found (invariant 7).


def shuffled(record: list[Resource]) -> list[Resource]:
    return random.Random(7).sample(record, len(record))


def reversed_order(record: list[Resource]) -> list[Resource]:
    return record[::-1]


def duplicated(record: list[Resource]) -> list[Resource]:
    """Every resource twice, as when two searches return it; the Patient stands alone, as a read returns it."""
    return record + [each for each in record if each["resourceType"] != "Patient"]


def with_something_irrelevant(record: list[Resource]) -> list[Resource]:
    subject = {"reference": f"Patient/{PATIENT}"}
    return [
        *record,
        {
            "resourceType": "Observation",
            "id": "irrelevant-1",
            "status": "final",
            "category": [_concept("observation-category", "vital-signs")],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "Heart rate"},
            "subject": subject,
            "effectiveDateTime": "2026-02-20T08:00:00Z",
            "valueQuantity": _quantity(72, "/min"),
        },
        {
            "resourceType": "Condition",
            "id": "irrelevant-2",
            "clinicalStatus": _concept("condition-clinical", "active"),
            "code": {"text": "Myopia"},
            "subject": subject,
        },
        {"resourceType": "Condition", "id": "irrelevant-3", "code": {"text": 17}, "subject": subject},
    ]


_OTHER_UNITS = {
    ("calcium-total", "mmol/L"): ("mg/dL", 0.24951),
    ("calcium-corrected", "mmol/L"): ("mg/dL", 0.24951),
    ("calcium-ionised", "mmol/L"): ("mg/dL", 0.24951),
    ("phosphate", "mmol/L"): ("mg/dL", 0.32285),
    ("creatinine", "umol/L"): ("mg/dL", 88.40),
    ("albumin", "g/L"): ("g/dL", 10),
    ("calcium-total", "mg/dL"): ("mmol/L", 1 / 0.24951),
    ("calcium-corrected", "mg/dL"): ("mmol/L", 1 / 0.24951),
    ("phosphate", "mg/dL"): ("mmol/L", 1 / 0.32285),
    ("creatinine", "mg/dL"): ("umol/L", 1 / 88.40),
    ("albumin", "g/dL"): ("g/L", 0.1),
    ("pth-intact", "pmol/L"): ("ng/L", 1 / 9.425),
    ("vitamin-d-25oh", "ng/mL"): ("nmol/L", 1 / 2.496),
}


def in_other_units(case: Case) -> Case:
    """`case` with every amount of substance reported as a mass, and the other way round (LAB-1)."""
    return {**case, "observations": [_in_other_unit(each) for each in case.get("observations", ())]}


def _in_other_unit(observation: Case) -> Case:
    other = _OTHER_UNITS.get((observation.get("lab", ""), observation.get("unit", "")))
    if other is None:
        return observation
    unit, factor = other
    numbers = {name: observation[name] / factor for name in ("value", *_LIMITS.values()) if name in observation}
    return {**observation, **numbers, "unit": unit}


CHANGES: dict[str, Callable[[list[Resource]], list[Resource]]] = {
    change.__name__: change for change in (shuffled, reversed_order, duplicated, with_something_irrelevant)
}
"""What may happen to a record without changing what is found."""
