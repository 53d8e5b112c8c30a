"""From a table that a doctor can read (tests/rules/derived/*.yaml) straight to a Chart, without FHIR.

A file is a list of groups; a group has a `rule`, says `why`, and holds `cases`. `patient`, `labs`, `conditions` and
`procedures` of the group hold for each of its cases, which add their own.

- `patient`: `age` in years (0.5: half a year; null: date of birth unknown), `sex` (null: unknown). Born that many years
  before the evaluation, and a day.
- `labs`: one line each: test, value in the canonical unit of the test (or words), how long ago; then what else is said:
  `calcium-total 2.58 mmol/L, 10 d`, `egfr >60 mL/min/{1.73_m2}, 30 h, code 98979-8`, `phosphate normal, 5 d`.
  Days and hours before the evaluation (10:00), negative in the future; `on a day` gives the date without the time.
  More: `range 2.15-2.55` (also `range <2.55`, `range >2.15`), `LL` (interpretation), `note haemolysed`, `preliminary`,
  `looks like mg/dL`, `rank 2` (of the code).
- `conditions`: `concept`, or `text` for words only; `past`, `provisional`, `old` (encounter diagnosis older than five
  years), `onset_d`, `recorded_d`.
- `procedures`: `concept` with `first_d` and `last_d`.
- `reports`: `text` of the conclusion, `d`.
- `expected`: derived values by name, see `found` in tests/unit/reasoning/derived.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cds.data import folder
from cds.reasoning.chart import (
    Access,
    Chart,
    Coding,
    Match,
    Measurement,
    Moment,
    Patient,
    Problem,
    Procedure,
    Ref,
    Report,
)
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge import Knowledge

__all__ = ["FOLDER", "Case", "cases", "chart_of", "facts_of", "knowledge", "measurement"]

Case = dict[str, Any]

FOLDER = Path(__file__).parent / "derived"
_SHARED = ("labs", "conditions", "procedures", "reports")


@cache
def knowledge() -> Knowledge:
    """The rules of the package."""
    return Knowledge.load([folder("rules")])


def cases(*files: str) -> Iterator[tuple[str, Case]]:
    """(id, case) of every case of `files` (names without .yaml), with what its group shares."""
    for file in files:
        for group in yaml.safe_load((FOLDER / f"{file}.yaml").read_text(encoding="utf-8")):
            assert group["rule"]
            assert group["why"]
            for number, case in enumerate(group["cases"], 1):
                shared = {name: [*group.get(name, ()), *case.get(name, ())] for name in _SHARED}
                patient = case.get("patient", group.get("patient", {"age": 60, "sex": "female"}))
                yield f"{group['rule']} {group['title']} {number}", {**case, **shared, "patient": patient}


def facts_of(case: Case, now: datetime) -> Facts:
    """What rules may ask of the patient of `case`."""
    return Facts(chart_of(case, now), now, knowledge())


def chart_of(case: Case, now: datetime) -> Chart:
    """The chart of the patient of `case` as it stood at `now`; every kind of data was seen."""
    patient = case["patient"]
    age = patient["age"]
    born = None if age is None else _born(age, now)
    return Chart(
        patient=Patient("example", patient["sex"], born),
        problems=tuple(_problem(n, each, now) for n, each in enumerate(case.get("conditions", ()), 1)),
        measurements=tuple(measurement(n, each, now) for n, each in enumerate(case.get("labs", ()), 1)),
        procedures=tuple(_procedure(n, each, now) for n, each in enumerate(case.get("procedures", ()), 1)),
        reports=tuple(_report(n, each, now) for n, each in enumerate(case.get("reports", ()), 1)),
        access=dict.fromkeys(("conditions", "laboratory", "medications", "procedures", "reports"), Access.PRESENT),
    )


def _born(age: float, now: datetime) -> Any:
    today = now.date() - timedelta(days=1)
    if age < 1:
        return today - timedelta(days=round(365 * age))
    return today.replace(year=today.year - int(age)) - timedelta(days=round(365 * (age % 1)))


_VALUE = re.compile(r"(?P<sign><=|>=|<|>)?(?P<number>\d+(?:\.\d+)?)")
_RANGE = re.compile(r"range (?:(?P<low>[\d.]+)-(?P<high>[\d.]+)|<(?P<below>[\d.]+)|>(?P<above>[\d.]+))")
_AGO = re.compile(r"(?:(?P<days>-?\d+) d)? ?(?:(?P<hours>-?\d+(?:\.\d+)?) h)?")


def measurement(number: int, line: str, now: datetime) -> Measurement:
    """A laboratory result from its line."""
    first, ago, *more = line.split(", ")
    lab, value, *rest = first.split(" ", 2)
    test = knowledge().laboratory.test(lab)
    said: dict[str, Any] = {}
    parsed = _VALUE.fullmatch(value)
    if parsed is None:
        said["words"] = " ".join((value, *rest))
    else:
        assert rest == [test.unit], f"{line}: the unit of {lab} is {test.unit}"
        said["comparator"] = parsed["sign"] or ""
    when = _ago(ago, now, on_a_day="on a day" in more)
    for each in more:
        said.update(_said(each))
    return Measurement(
        source=Ref("Observation", f"observation-{number}"),
        lab=lab,
        loinc=said.pop("loinc", ""),
        property="molar",
        value=None if parsed is None else float(parsed["number"]),
        unit=test.unit,
        when=when,
        reported=" ".join((value, *rest)),
        **said,
    )


def _said(words: str) -> dict[str, Any]:
    """What a further part of a line says."""
    limits = _RANGE.fullmatch(words)
    if limits is not None:
        low, high = limits["low"] or limits["above"], limits["high"] or limits["below"]
        return {"low": low and float(low), "high": high and float(high)}
    match words.split(" ", 1):
        case ["code", loinc]:
            return {"loinc": loinc}
        case ["rank", rank]:
            return {"rank": int(rank)}
        case ["note", note]:
            return {"note": note}
        case ["preliminary"]:
            return {"preliminary": True}
        case ["looks", _]:
            return {"doubt": "phosphate-swap"}
        case ["on", _]:
            return {}
        case [code]:
            assert code.isupper(), words
            return {"interpretation": code}
    raise AssertionError(words)


def _ago(words: str, now: datetime, *, on_a_day: bool = False) -> Moment:
    parsed = _AGO.fullmatch(words)
    assert parsed is not None, words
    instant = now - timedelta(days=int(parsed["days"] or 0), hours=float(parsed["hours"] or 0))
    if not on_a_day:
        return Moment(instant, instant.isoformat())
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return Moment(midnight, midnight.date().isoformat())


def _days(days: float | None, now: datetime) -> Moment | None:
    return None if days is None else _ago(f"{24 * days} h", now)


def _match(concept: str) -> tuple[Match, ...]:
    return (Match(concept, Coding("", concept, concept), "A"),)


def _problem(number: int, each: Case, now: datetime) -> Problem:
    text = each.get("text", each.get("concept", ""))
    return Problem(
        Ref("Condition", f"condition-{number}"),
        _match(each["concept"]) if "concept" in each else (),
        (text,) if "text" in each else (),
        state="past" if each.get("past") else "active",
        level="unconfirmed" if each.get("provisional") else "confirmed",
        onset=_days(each.get("onset_d"), now),
        recorded=_days(each.get("recorded_d"), now),
        old_encounter=each.get("old", False),
    )


def _procedure(number: int, each: Case, now: datetime) -> Procedure:
    first, last = _days(each.get("first_d"), now), _days(each.get("last_d"), now)
    return Procedure(Ref("Procedure", f"procedure-{number}"), _match(each["concept"]), (), first, last)


def _report(number: int, each: Case, now: datetime) -> Report:
    when = _days(each["d"], now)
    return Report(Ref("DiagnosticReport", f"report-{number}"), (), ("Imaging",), (each["text"],), when)
