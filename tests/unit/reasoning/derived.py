"""What a table of tests/rules/derived expects, and what is found, in the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds.reasoning.calcium import assess_calcium
from cds.reasoning.critical import alarm
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.minerals import assess_anomaly, assess_phosphate, assess_pth, product
from cds.reasoning.patient import is_pregnant, paraproteins
from cds.reasoning.results import usable_results

__all__ = ["differences", "found"]


def _kidney(facts: Facts) -> dict[str, Any]:
    kidney = facts(assess_kidney)
    return {
        "kidney": kidney.category or "unknown",
        "why-kidney": kidney.why,
        "egfr": None if kidney.egfr is None else round(kidney.egfr.value, 1),
        "egfr-from": None if kidney.egfr is None else "creatinine" if kidney.egfr.computed else "laboratory",
        "egfr-below-60": kidney.egfr_below(60),
        "egfr-below-30": kidney.egfr_below(30),
        "dialysis": kidney.dialysis,
        "acute": kidney.acute,
        "transplant": kidney.transplant,
        "weak": kidney.weak,
        "creatinine-rise": None if kidney.creatinine_rise is None else round(kidney.creatinine_rise, 2),
        "dialysis-rows": len(kidney.evidence),
        "remarks": [each.en for each in kidney.remarks],
    }


def _calcium(facts: Facts) -> dict[str, Any]:
    calcium = facts(assess_calcium)
    sample = calcium.sample
    return {
        "calcium": calcium.status,
        "settled": calcium.settled,
        "from": None if sample is None else sample.kind,
        "value": None if sample is None else sample.value,
        "albumin-unknown": sample is not None and sample.albumin_unknown,
        "hypercalcaemia": calcium.hypercalcaemia,
        "doubt": calcium.doubt or "none",
        "high-days": [(facts.now - each.instant).days for each in calcium.high_dates],
        "history-days": [(facts.now - each.when.instant).days for each in calcium.history],
    }


def _alarm(facts: Facts) -> dict[str, Any]:
    fired = alarm(facts)
    return {
        "alarm": "none" if fired is None else fired.card,
        "confirm-first": fired is not None and fired.confirm_first,
    }


def _minerals(facts: Facts) -> dict[str, Any]:
    phosphate, pth, cap = facts(assess_phosphate), facts(assess_pth), product(facts)
    return {
        "phosphate": phosphate.status,
        "phosphate-anomaly": phosphate.anomaly,
        "haemolysed": phosphate.haemolysed,
        "pth": pth.status,
        "pth-paired": pth.paired,
        "pth-multiple": None if pth.multiple is None else round(pth.multiple, 2),
        "pth-raised": pth.raised,
        "anomaly": sorted(facts(assess_anomaly).kinds),
        "product": None if cap is None else round(cap[0], 3),
        "product-flag": "unknown" if cap is None else cap[1] or "none",
    }


def _patient(facts: Facts) -> dict[str, Any]:
    refused = facts(usable_results).refused
    return {
        "pregnant": facts(is_pregnant),
        "paraprotein": bool(facts(paraproteins)),
        "refused": {measurement.lab: reason for measurement, reason in refused},
    }


_ASKED: tuple[Callable[[Facts], dict[str, Any]], ...] = (_patient, _kidney, _calcium, _alarm, _minerals)


def found(facts: Facts) -> dict[str, Any]:
    """Every derived value by the name that the tables use."""
    return {name: value for ask in _ASKED for name, value in ask(facts).items()}


def differences(expected: dict[str, Any], facts: Facts) -> list[str]:
    """What was not found as expected, in words."""
    got = found(facts)
    return [f"{name}: expected {want}, got {got[name]}" for name, want in expected.items() if got[name] != want]
