"""States of the patient that change how results are read: pregnancy (PIT-5) and a monoclonal protein (LAB-4)."""

from __future__ import annotations

from cds.reasoning.chart import Measurement
from cds.reasoning.facts import Facts
from cds.reasoning.laboratory import RECENT, above, usable_results
from cds.reasoning.recognition import Recognised, recognise
from cds.reasoning.time import age_days, days_between

__all__ = ["is_pregnant", "paraproteins"]


def is_pregnant(facts: Facts) -> bool:
    """A positive status, or an active and recent diagnosis."""
    rules = facts.knowledge.recognition.pregnancy
    status = facts(usable_results).latest("pregnancy-status", days=rules.status_days)
    if status is not None and _is_positive(status):
        return True
    return any(
        each.when is None or age_days(facts.now, each.when) <= rules.code_days
        for each in facts(recognise).active(rules.concept)
        if each.weight == "strong"
    )


def _is_positive(measurement: Measurement) -> bool:
    positive = ("positive", "pregnant", "enceinte", "positif")
    return measurement.interpretation == "POS" or measurement.words.startswith(positive)


def paraproteins(facts: Facts) -> tuple[Recognised | Measurement, ...]:
    """What says that a monoclonal protein is there; empty when nothing does."""
    found: list[Recognised | Measurement] = list(facts(recognise).active("multiple-myeloma", "paraproteinaemia"))
    results = facts(usable_results)
    spike = results.numeric("m-protein", days=3 * RECENT)
    if spike is not None and above(spike, 0.0):
        found.append(spike)
    protein = results.numeric("protein-total", days=RECENT)
    albumin = results.numeric("albumin", days=RECENT)
    if (
        protein is not None
        and albumin is not None
        and days_between(protein.when, albumin.when) <= 1
        and (protein.value or 0.0) - (albumin.value or 0.0) > facts.knowledge.minerals.pseudo.globulins_above
    ):
        found.append(protein)
    return tuple(found)
