"""Medicines that are taken, or were until lately (ACC-5)."""

from __future__ import annotations

from cds.reasoning.chart import Medicine
from cds.reasoning.conclusions import Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.time import age_days

__all__ = ["medicine_row", "medicines_taken"]


def medicines_taken(facts: Facts, *classes: str, ended_days: int = 30) -> tuple[Medicine, ...]:
    """Medicines of one of `classes` that are taken, or ended at most `ended_days` ago."""
    wanted = set(classes)
    return tuple(
        each
        for each in facts.chart.medicines
        if any(match.concept in wanted for match in each.matches) and _taken(facts, each, ended_days)
    )


def _taken(facts: Facts, medicine: Medicine, ended_days: int) -> bool:
    if medicine.until is None:
        return medicine.state == "active"
    return age_days(facts.now, medicine.until) <= ended_days


def medicine_row(medicine: Medicine) -> Evidence:
    """A row of the table for a medicine."""
    name = medicine.texts[0] if medicine.texts else ""
    if not name:
        name = next((match.coding.display or match.coding.code for match in medicine.matches), "")
    return Evidence(Text("Medicine", "Médicament"), medicine.source, name, medicine.since)
