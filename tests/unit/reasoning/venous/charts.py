"""From a case (YAML, the format of the vignettes) straight to a Chart: what the venous rules see, without FHIR."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cds.data import folder
from cds.fhir.terminology import Terminology
from cds.reasoning.chart import (
    Chart,
    Finding,
    Match,
    Measurement,
    Medicine,
    Moment,
    Patient,
    Problem,
    Procedure,
    Ref,
    Report,
)

__all__ = ["CASES", "Case", "chart_of"]

Case = dict[str, Any]

_FOLDER = Path(__file__).parents[3] / "rules" / "porter"
CASES: dict[str, Case] = {
    case["id"]: case
    for file in sorted(_FOLDER.glob("*.yaml"))
    for case in yaml.safe_load_all(file.read_text(encoding="utf-8"))
}

_SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ATC": "http://www.whocc.no/atc",
}
_SIGNS = {"ceap": "CEAP", "ankle-brachial-index": "Ankle-brachial index", "toe-pressure": "Toe pressure"}
_SEVERITIES = {
    "mild": ("mild", "mineur"),
    "moderate": ("moderate", "modérée"),
    "marked": ("severe", "sévère", "franc", "franche", "important"),
}
_PAST = {"inactive", "remission", "resolved"}


@cache
def _terminology() -> Terminology:
    return Terminology.load(folder("profiles"))


def chart_of(case: Case, now: datetime) -> Chart:
    """The chart of the patient of `case` as it stood at `now`."""
    observed = case.get("observations", ())
    return Chart(
        patient=Patient("example", case["patient"]["sex"]),
        problems=tuple(_problem(number, each, now) for number, each in enumerate(case.get("conditions", ()), 1)),
        measurements=tuple(_measurement(n, each, now) for n, each in enumerate(observed, 1) if _is_laboratory(each)),
        findings=tuple(_finding(n, each, now) for n, each in enumerate(observed, 1) if not _is_laboratory(each)),
        medicines=tuple(_medicine(number, each) for number, each in enumerate(case.get("medications", ()), 1)),
        procedures=tuple(
            Procedure(Ref("Procedure", f"procedure-{number}"), (), (each["text"],), None, _ago(now, each["last_d"]))
            for number, each in enumerate(case.get("procedures", ()), 1)
        ),
        reports=tuple(_report(number, each, now) for number, each in enumerate(case.get("reports", ()), 1)),
    )


def _is_laboratory(observation: Case) -> bool:
    return observation.get("lab", "wound-area") != "wound-area"


def _ago(now: datetime, days: float | None) -> Moment | None:
    if days is None:
        return None
    instant = now - timedelta(days=days)
    return Moment(instant, instant.isoformat())


def _matches(each: Case) -> tuple[Match, ...]:
    if "code" not in each:
        return ()
    system, code = each["code"].split("|")
    return _terminology().match(_SYSTEMS[system], code)


def _severity(each: Case) -> Any:
    words = each.get("severity")
    return next((grade for grade, said in _SEVERITIES.items() if words in said), None)


def _problem(number: int, each: Case, now: datetime) -> Problem:
    clinical = each.get("clinical", "active")
    return Problem(
        Ref("Condition", f"condition-{number}"),
        _matches(each),
        (each["text"],) if "text" in each else (),
        state="past" if clinical in _PAST else "active",
        clinical=clinical,
        level="unconfirmed"
        if each.get("verification") in ("provisional", "differential", "unconfirmed")
        else "confirmed",
        severity_text=each.get("severity", ""),
        sites=(each["site"],) if "site" in each else (),
        onset=_ago(now, each.get("onset_d")),
        recorded=_ago(now, each.get("recorded_d")),
    )


def _finding(number: int, each: Case, now: datetime) -> Finding:
    value = each["value"]
    name = _SIGNS[each["sign"]] if "sign" in each else "Wound area" if "lab" in each else each["text"]
    return Finding(
        Ref("Observation", f"observation-{number}"),
        _matches(each),
        (name,),
        value,
        each.get("unit", ""),
        (),
        (value,) if isinstance(value, str) else (),
        _ago(now, each.get("d")),
        severity=_severity(each),
        sites=(each["site"],) if "site" in each else (),
        preliminary=each.get("preliminary", False),
    )


def _measurement(number: int, each: Case, now: datetime) -> Measurement:
    when = _ago(now, each["d"])
    assert when is not None
    source = Ref("Observation", f"observation-{number}")
    return Measurement(
        source, each["lab"], "", "mass", each["value"], each["unit"], when, f"{each['value']} {each['unit']}"
    )


def _medicine(number: int, each: Case) -> Medicine:
    source = Ref("MedicationStatement", f"medication-{number}")
    return Medicine(source, _terminology().match(_SYSTEMS["ATC"], each["atc"]), (each["text"],), "active")


def _report(number: int, each: Case, now: datetime) -> Report:
    return Report(
        Ref("DiagnosticReport", f"report-{number}"),
        (),
        (each.get("name", "Imaging report"),),
        (each["text"],),
        _ago(now, each.get("d")),
    )
