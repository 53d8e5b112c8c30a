"""The laboratory results that may be used: without those of a contaminated tube and those in the wrong unit."""

from __future__ import annotations

from cds.reasoning.chart import Measurement, Reason
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.laboratory import Laboratory, above, below, newest_first, reported_results

__all__ = ["usable_results"]


def usable_results(facts: Facts) -> Laboratory:
    """The results of the chart, without those that LAB-2 and LAB-4 refuse: they are missing for everybody who asks."""
    reported = facts(reported_results)
    refused: dict[Measurement, Reason] = dict.fromkeys(_contaminated(facts, reported), "edta-contamination")
    refused |= dict.fromkeys(_swapped_phosphates(facts, reported), "looks-like-mg-dl")
    return reported.without(refused) if refused else reported


def _contaminated(facts: Facts, reported: Laboratory) -> list[Measurement]:
    """LAB-4: a very low calcium with a high potassium and a low ALP in the same sample is EDTA from another tube."""
    rules = facts.knowledge.minerals.pseudo.edta
    return [
        calcium
        for lab in ("calcium-total", "calcium-corrected")
        for calcium in newest_first([each for each in reported.unordered(lab) if below(each, rules.calcium_below)])
        if any(above(each, rules.potassium_above) for each in _same_sample(reported, "potassium", calcium))
        and any(reported.status(each) == "low" for each in _same_sample(reported, "alp", calcium))
    ]


def _same_sample(reported: Laboratory, lab: str, like: Measurement) -> list[Measurement]:
    return [each for each in reported.all(lab) if each.when.at == like.when.at]


def _swapped_phosphates(facts: Facts, reported: Laboratory) -> list[Measurement]:
    """LAB-2: a phosphate labelled mmol/L above 3.0 without eGFR < 30 or dialysis looks like mg/dL."""
    doubtful = newest_first([each for each in reported.unordered("phosphate") if each.doubt == "phosphate-swap"])
    explained = doubtful and facts(assess_kidney).egfr_below(facts.knowledge.minerals.phosphate.egfr_below)
    return [] if explained else doubtful
