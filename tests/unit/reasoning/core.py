"""Charts by hand for the reasoning core: what no YAML case can say, or what is easier to say in Python."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cds.reasoning.chart import Access, Chart, Coding, Finding, Match, Measurement, Moment, Patient, Problem, Ref, Tier
from cds.reasoning.facts import Facts
from tests.rules.charts import knowledge

__all__ = ["ago", "calcinosis", "chart", "facts", "finding", "match", "measured", "problem"]

_KINDS = ("conditions", "laboratory", "findings", "medications", "procedures", "reports", "orders")


def ago(now: datetime, days: float) -> Moment:
    instant = now - timedelta(days=days)
    return Moment(instant, instant.isoformat())


def match(concept: str, tier: Tier = "A", *, needs_text: bool = False, code: str = "1") -> Match:
    return Match(concept, Coding("http://snomed.info/sct", code), tier, needs_text)


def problem(*concepts: str, text: str = "", number: int = 1, **more: Any) -> Problem:
    return Problem(Ref("Condition", str(number)), tuple(map(match, concepts)), (text,) if text else (), **more)


def calcinosis() -> Problem:
    return problem("calcinosis-cutis", text="Calcinosis cutis", number=99)


def finding(*matches: Match, text: str = "", **more: Any) -> Finding:
    members: dict[str, Any] = {"value": None, "unit": "", "value_matches": (), "value_texts": (), "when": None}
    return Finding(Ref("Observation", "1"), matches, (text,) if text else (), **{**members, **more})


def measured(now: datetime, lab: str, value: float | None, *, days: float = 5, **more: Any) -> Measurement:
    unit = knowledge().laboratory.test(lab).unit
    return Measurement(Ref("Observation", lab), lab, "", "molar", value, unit, ago(now, days), str(value), **more)


def chart(**members: Any) -> Chart:
    """Everything was seen, unless `access` says otherwise."""
    return Chart(**{"patient": Patient("example"), "access": dict.fromkeys(_KINDS, Access.PRESENT), **members})


def facts(now: datetime, **members: Any) -> Facts:
    return Facts(chart(**members), now, knowledge())
