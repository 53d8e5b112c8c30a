"""States of the patient that change how results are read: pregnancy (PIT-5) and a monoclonal protein (LAB-4)."""

from __future__ import annotations

from cds.reasoning.chart import Measurement, Problem
from cds.reasoning.facts import Facts
from cds.reasoning.laboratory import RECENT, above, reported_results
from cds.reasoning.recognition import Recognised, recognise
from cds.reasoning.time import age_days, hours_between

__all__ = ["is_pregnant", "paraproteins"]


def is_pregnant(facts: Facts) -> bool:
    """PIT-5: a positive status, or an active and recent diagnosis; one that is not confirmed counts: the safer reading."""
    rules = facts.knowledge.recognition.pregnancy
    status = facts(reported_results).latest("pregnancy-status", days=rules.status_days)
    if status is not None and _is_positive(facts, status):
        return True
    return any(
        each.when is None or age_days(facts.now, each.when) <= rules.code_days
        for each in facts(recognise).active(rules.concept)
        if each.weight == "strong" or isinstance(each.datum, Problem)
    )


def _is_positive(facts: Facts, status: Measurement) -> bool:
    if status.interpretation == "POS" or status.words.startswith(("positive", "positif")):
        return True
    concept = facts.knowledge.recognition.pregnancy.concept
    return any(said.term == concept and not said.hypothetical for said in facts.language.concepts(status.words))


def paraproteins(facts: Facts) -> tuple[Recognised | Measurement, ...]:
    """LAB-4: what says that a monoclonal protein is there; empty when nothing does."""
    found: list[Recognised | Measurement] = list(facts(recognise).active("multiple-myeloma", "paraproteinaemia"))
    spike = facts(reported_results).numeric("m-protein", days=3 * RECENT)
    if spike is not None and above(spike, 0.0):
        found.append(spike)
    globulins = _high_globulins(facts)
    if globulins is not None:
        found.append(globulins)
    return tuple(found)


def _high_globulins(facts: Facts) -> Measurement | None:
    """The newest total protein of the last year with an albumin of the same day (±1 d), if it leaves too much."""
    results, rules = facts(reported_results), facts.knowledge.minerals.pseudo
    for protein in results.all("protein-total", days=RECENT):
        near = [each for each in results.around("albumin", protein.when, days=1) if _is_plain(each)]
        if _is_plain(protein) and near:
            albumin = min(near, key=lambda each: abs(hours_between(each.when, protein.when)))
            assert protein.value is not None
            assert albumin.value is not None
            return protein if protein.value - albumin.value > rules.globulins_above else None
    return None


def _is_plain(measurement: Measurement) -> bool:
    return measurement.value is not None and not measurement.comparator
