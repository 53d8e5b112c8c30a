"""What to ask for next: keys of rules/workup.yaml become requests, without what is known or already ordered (WRK-1, 13)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from cds.reasoning.calcium import assess_calcium
from cds.reasoning.chart import Coding, Ref
from cds.reasoning.conclusions import Conclusion, Evidence, Request
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.knowledge.workup import Item
from cds.reasoning.laboratory import CURRENT, RECENT, below
from cds.reasoning.minerals import assess_phosphate
from cds.reasoning.patient import is_pregnant, paraproteins
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days

__all__ = ["Wanted", "minimum_panel", "missing_panel", "requested"]

ORDERED_DAYS = 30
"""An active order of the same test this young makes another one superfluous (section 13)."""


class Wanted(NamedTuple):
    """A conclusion, and what it would ask for: keys of rules/workup.yaml, most important first."""

    conclusion: Conclusion
    keys: tuple[str, ...] = ()
    site: str = ""
    """Laterality and segment as the record words it."""
    reasons: tuple[Ref, ...] = ()
    repeat: bool = False
    """The card wants a fresh value although one is there (alarms, a repeat after so many days)."""
    first: tuple[str, ...] = ()
    """Keys that come first, with priority asap (RED-1 with unknown kidneys)."""
    done: tuple[str, ...] = ()
    """Keys that the card asks for and that the record already answers, in words too."""


def requested(facts: Facts, wanted: Wanted) -> Conclusion:
    """The conclusion with its requests: those of its card, and those that it wants besides."""
    conclusion = wanted.conclusion
    card = facts.knowledge.cards[conclusion.card]
    asks = [(ask.key, ask.after_days) for ask in card.asks(conclusion.variant)]
    asks += [(key, None) for key in wanted.keys]
    reasons = wanted.reasons or _reasons(conclusion.evidence)
    found: dict[str, Request] = {}
    for key in wanted.first:
        for item in facts.knowledge.workup.of(key):
            found.setdefault(item.id, _request(facts, item, conclusion, wanted, reasons, None, "asap"))
    for key, after in asks:
        for item in _items(facts, key):
            name = item.id
            asked = name in found or name in wanted.done or _INSTEAD.get(name) in found
            if not asked and _is_open(facts, item, repeat=wanted.repeat or after is not None):
                found[name] = _request(facts, item, conclusion, wanted, reasons, after, card.priority)
    return conclusion._replace(requests=tuple(found.values()))


def _reasons(evidence: Iterable[Evidence]) -> tuple[Ref, ...]:
    """The resources that a request may give as its reason."""
    sources = dict.fromkeys([row.source for row in evidence])
    return tuple([source for source in sources if source is not None and source.type in _REASONS])


_INSTEAD = {"calcium-total": "calcium-ionised"}
"""Not asked for beside the better test (WRK-1: total calcium, or ionised calcium)."""
_REASONS = ("Condition", "Observation", "DiagnosticReport")


def _items(facts: Facts, key: str) -> tuple[Item, ...]:
    if key == "minimum-panel":
        return facts(minimum_panel)
    return facts.knowledge.workup.of(key)


def minimum_panel(facts: Facts) -> tuple[Item, ...]:
    """WRK-1: ionised calcium instead of total and albumin where a total cannot be read."""
    albumin = facts(usable_results).numeric("albumin", days=CURRENT)
    reduced = facts(assess_kidney).egfr_below(60)
    ionised = (
        reduced
        or (reduced is None and facts(assess_kidney).coded)
        or (albumin is not None and below(albumin, facts.knowledge.minerals.unreliable.albumin_below) is True)
        or bool(facts(paraproteins))
        or facts(is_pregnant)
        or facts(assess_calcium).settled == "unreliable"
        or _has_result(facts, "calcium-ionised")
    )
    return facts.knowledge.workup.of("minimum-panel-ionised" if ionised else "minimum-panel")


def missing_panel(facts: Facts) -> tuple[Item, ...]:
    """The items of the minimum panel without a usable, current result."""
    return tuple(item for item in facts(minimum_panel) if not _has_result(facts, item.lab))


def _is_open(facts: Facts, item: Item, *, repeat: bool) -> bool:
    """Whether asking makes sense: no usable result in its window, and no order that is still open."""
    if facts.chart.orders and _is_ordered(facts, item):
        return False
    lab = item.lab
    if lab and item.kind == "laboratory":
        return repeat or not _has_result(facts, lab)
    return not (item.results and _is_reported(facts, item.results))


def _has_result(facts: Facts, lab: str) -> bool:
    """A usable result inside the window of ACC-5; calcium also when it must be repeated counts as missing."""
    known = facts(_known_results)
    if lab not in known:
        known[lab] = _find_result(facts, lab)
    return known[lab]


def _known_results(facts: Facts) -> dict[str, bool]:
    """What was found of each test before: several cards ask for the same ones."""
    del facts
    return {}


def _find_result(facts: Facts, lab: str) -> bool:
    test = facts.knowledge.laboratory.test(lab)
    window = test.look_back
    found = facts(usable_results).latest(lab, days=window.current if window else RECENT)
    if found is None:
        return lab == "creatinine" and _kidney_settled(facts)
    if lab in ("calcium-total", "calcium-ionised"):
        chosen = facts(assess_calcium).sample
        return facts(assess_calcium).settled != "unreliable" and chosen is not None
    if lab == "phosphate":
        return facts(assess_phosphate).status != "high" or facts(assess_phosphate).anomaly
    return True


def _kidney_settled(facts: Facts) -> bool:
    """A reported eGFR, or chronic dialysis: creatinine adds nothing."""
    egfr = facts(assess_kidney).egfr
    return facts(assess_kidney).dialysis or (egfr is not None and age_days(facts.now, egfr.when) <= CURRENT)


def _is_ordered(facts: Facts, item: Item) -> bool:
    codes = item.any_code
    for order in facts.chart.orders:
        if order.when is not None and age_days(facts.now, order.when) > ORDERED_DAYS:
            continue
        if (item.lab and item.lab in order.labs) or not codes.isdisjoint(order.loincs):
            return True
        if any(match.coding.code in codes for match in order.matches) or _same_words(item, order.texts):
            return True
    return False


def _same_words(item: Item, texts: Iterable[str]) -> bool:
    wanted = {item.text.en.casefold(), item.text.fr.casefold()}
    return any(text.casefold() in wanted for text in texts)


def _is_reported(facts: Facts, loincs: tuple[str, ...]) -> bool:
    return any(
        set(report.loincs) & set(loincs) and report.when is not None and age_days(facts.now, report.when) <= 2 * RECENT
        for report in facts.chart.reports
    )


def _request(
    facts: Facts,
    item: Item,
    conclusion: Conclusion,
    wanted: Wanted,
    reasons: tuple[Ref, ...],
    after: int | None,
    priority: Literal["routine", "urgent", "asap", "stat"],
) -> Request:
    code = item.code(_property_shown(facts, item.lab))
    coding = Coding(code.system, code.code, code.display) if code is not None else None
    site = wanted.site if item.kind != "laboratory" else ""
    return Request(item.kind, item.id, coding, item.text, priority, site, reasons[:5], conclusion.rule, after)


def _property_shown(facts: Facts, lab: str) -> str:
    """The property, mass or molar, in which the chart already shows this test (WRK-1)."""
    if not lab:
        return ""
    results = facts(usable_results).all(lab)
    return results[0].property if results else ""
