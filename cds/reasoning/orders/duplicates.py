"""ORD-10: a test that is answered already, or asked for already (12b.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cds.reasoning.calcifications import recorded_calcifications
from cds.reasoning.calcium import is_doubtful
from cds.reasoning.chart import Draft, Measurement, Moment, Order, Report
from cds.reasoning.conclusions import Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.hints import is_positive
from cds.reasoning.knowledge.orders import Interval
from cds.reasoning.minerals import assess_phosphate
from cds.reasoning.orders.meanings import meanings_for
from cds.reasoning.orders.places import report_site, site_of
from cds.reasoning.questions import ask
from cds.reasoning.results import usable_results
from cds.reasoning.time import age_days, within_hours
from cds.reasoning.venous.stage import context

__all__ = ["Duplicate", "duplicate"]

ORDERED = Text("Order already placed", "Demande déjà faite")
REPORTED = Text("Report", "Compte rendu")


class Duplicate(NamedTuple):
    """A draft that repeats something."""

    draft: Draft
    place: tuple[int, int]
    """Of the interval, and of the test in it: which one the summary names."""
    test: str
    """Value of {test}: a laboratory test, or an order class of imaging."""
    when: Moment
    """{date}: of the result, else of the order."""
    evidence: tuple[Evidence, ...]


def duplicate(facts: Facts, draft: Draft, classes: frozenset[str]) -> Duplicate | None:
    """What `draft` repeats: with several tests only where each of them is a repeat."""
    chapter = facts.knowledge.orders.duplicates
    if draft.kind != "ServiceRequest" or draft.priority in chapter.never_priority or classes & set(chapter.never):
        return None
    if not facts(recorded_calcifications) and not facts(context):
        return None
    if draft.labs:
        found = [_test(facts, draft, classes, lab) for lab in draft.labs]
        repeated = [each for each in found if each is not None]
        if len(repeated) < len(found):
            return None
        first = min(repeated, key=lambda each: each.place)
        return first._replace(evidence=tuple(dict.fromkeys(row for each in repeated for row in each.evidence)))
    return _imaging(facts, draft, classes)


# --- laboratory -----------------------------------------------------------------------------------------------------


def _test(facts: Facts, draft: Draft, classes: frozenset[str], lab: str) -> Duplicate | None:
    for number, interval in enumerate(facts.knowledge.orders.duplicates.intervals):
        for place, tests in enumerate(interval.tests):
            if lab in tests:
                if _is_exempt(facts, draft, classes, interval, tests[0]):
                    return None
                at = number, place
                return _resulted(facts, draft, interval, tests, at) or _pending(facts, draft, tests, at)
    return None


def _is_exempt(facts: Facts, draft: Draft, classes: frozenset[str], interval: Interval, test: str) -> bool:
    meanings = meanings_for(draft, classes)
    criteria = [each for each in (interval.exempt, interval.exempt_tests.get(test)) if each is not None]
    return any(ask(each, facts, meanings).truth for each in criteria)


def _resulted(
    facts: Facts, draft: Draft, interval: Interval, tests: Sequence[str], place: tuple[int, int]
) -> Duplicate | None:
    """The newest result, where it counts and is young enough; a positive antibody at any age where the rule says so."""
    results = facts(usable_results)
    found = sorted((each for lab in tests for each in results.all(lab)), key=lambda each: each.when.at, reverse=True)
    newest = found[0] if found else None
    if newest is None or not _counts(facts, newest):
        return None
    young = within_hours(facts.now, newest.when, interval.hours)
    if not young and not (interval.positive_stays and is_positive(newest)):
        return None
    return Duplicate(draft, place, tests[0], newest.when, (results.evidence(newest),))


def _counts(facts: Facts, result: Measurement) -> bool:
    """Neither haemolysed, nor unreliable, nor unverified: such a result is worth repeating."""
    if any(said.term == "haemolysed" for said in facts.language.concepts(result.note)):
        return False
    if result.lab in ("calcium-total", "calcium-corrected") and is_doubtful(facts, result):
        return False
    phosphate = facts(assess_phosphate)
    return result != phosphate.measurement or phosphate.status != "high" or phosphate.anomaly


def _pending(facts: Facts, draft: Draft, tests: Sequence[str], place: tuple[int, int]) -> Duplicate | None:
    """An active order of one of the tests."""
    wanted = set(tests)
    for order in sorted(facts.chart.orders, key=lambda each: each.source.id):
        since = _pending_since(facts, draft, order)
        if since is not None and not wanted.isdisjoint(order.labs):
            return Duplicate(draft, place, tests[0], since, (_order_row(order),))
    return None


def _pending_since(facts: Facts, draft: Draft, order: Order) -> Moment | None:
    """When an order was placed, at most 30 days ago; a draft of the record is no order, an undated one proves nothing."""
    when = order.when
    if not order.placed or order.source == draft.source or when is None:
        return None
    return when if age_days(facts.now, when) <= facts.knowledge.orders.duplicates.ordered_days else None


def _order_row(order: Order) -> Evidence:
    return Evidence(ORDERED, order.source, order.texts[0] if order.texts else "", order.when)


# --- imaging --------------------------------------------------------------------------------------------------------


def _imaging(facts: Facts, draft: Draft, classes: frozenset[str]) -> Duplicate | None:
    """The same examination of the same known region; growth, trauma or a new symptom is a reason to repeat it."""
    rules = facts.knowledge.orders.duplicates
    if classes & set(rules.imaging_never):
        return None
    for number, name in enumerate(rules.imaging.classes):
        if name in classes:
            place = (len(rules.intervals), number)
            return _reported(facts, draft, name, place) or _asked(facts, draft, name, place)
    return None


def _reported(facts: Facts, draft: Draft, name: str, place: tuple[int, int]) -> Duplicate | None:
    hours = facts.knowledge.orders.duplicates.imaging.hours
    words, here = facts.knowledge.orders.by_id[name].words, site_of(facts, draft)
    for report in sorted(facts.chart.reports, key=_newest_first):
        same = any(map(words.stands_in, report.name)) or any(map(words.opens, report.texts))
        if not same or report.preliminary or report.when is None or not within_hours(facts.now, report.when, hours):
            continue
        if facts.language.sites.overlap(here, report_site(facts, report)):
            said = next(iter((*report.texts, *report.name)))
            return Duplicate(draft, place, name, report.when, (Evidence(REPORTED, report.source, said, report.when),))
    return None


def _asked(facts: Facts, draft: Draft, name: str, place: tuple[int, int]) -> Duplicate | None:
    words, sites = facts.knowledge.orders.by_id[name].words, facts.language.sites
    for order in sorted(facts.chart.orders, key=lambda each: each.source.id):
        since = _pending_since(facts, draft, order)
        if since is None or not any(map(words.stands_in, order.texts)):
            continue
        if sites.overlap(site_of(facts, draft), sites.read(*order.texts)):
            return Duplicate(draft, place, name, since, (_order_row(order),))
    return None


def _newest_first(report: Report) -> tuple[int, str]:
    return -report.when.at if report.when is not None else 0, report.source.id
