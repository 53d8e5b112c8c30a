"""Clinical vignettes and boundary cases: YAML in, conclusions out, through the real HTTP endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import httpx
import pytest

from tests.ehr import EVALUATION, Answer, Ehr, Opinion, consult, opinion
from tests.rules.building import CHANGES, PATIENT, Case, cases, in_other_units, resources

VIGNETTES = dict(cases("vignettes"))
CASES = dict(cases("cases"))
EVERY = {**VIGNETTES, **CASES}
Ask = Callable[..., list[Answer]]


@pytest.fixture
def ask(service: httpx.Client, now: datetime) -> Ask:
    def asked(record: list[dict[str, Any]], language: str = "en") -> list[Answer]:
        return consult(service, Ehr(PATIENT, record), language=language)

    return asked


@pytest.fixture(scope="session")
def judged(service: httpx.Client, now: datetime) -> Callable[[str], Opinion]:
    """What is found for a case as it stands, asked once."""
    return cache(lambda identifier: opinion(consult(service, Ehr(PATIENT, resources(EVERY[identifier], now)))))


def test_every_vignette_is_here() -> None:
    assert len(VIGNETTES) == 77
    assert len(dict(cases("vignettes-order-sign"))) == 18
    assert not VIGNETTES.keys() & CASES.keys()


@pytest.mark.parametrize("identifier", EVERY)
def test_finds_what_is_expected(identifier: str, ask: Ask, now: datetime) -> None:
    case = EVERY[identifier]
    answers = ask(resources(case, now))
    wrong = differences(case["expected"], opinion(answers))
    assert not wrong, failure(case, wrong, answers)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("identifier", EVERY)
def test_a_change_without_meaning_changes_nothing(
    identifier: str, change: str, ask: Ask, judged: Callable[[str], Opinion], now: datetime
) -> None:
    assert opinion(ask(CHANGES[change](resources(EVERY[identifier], now)))) == judged(identifier)


@pytest.mark.parametrize("identifier", [each for each, case in EVERY.items() if in_other_units(case) != case])
def test_units_change_nothing(identifier: str, ask: Ask, judged: Callable[[str], Opinion], now: datetime) -> None:
    case = EVERY[identifier]
    assert opinion(ask(resources(in_other_units(case), now))) == judged(identifier)


@pytest.mark.parametrize("identifier", EVERY)
def test_the_language_changes_only_the_words(identifier: str, ask: Ask, now: datetime) -> None:
    record = resources(EVERY[identifier], now)
    english, french = ask(record, "en"), ask(record, "fr")
    assert opinion(french) == opinion(english)
    summaries = [[card["summary"] for each in answers for card in each.body["cards"]] for answers in (english, french)]
    assert not set(summaries[0]) & set(summaries[1])
    assert all(0 < len(summary) < 140 for summary in summaries[0] + summaries[1])


@pytest.mark.parametrize("identifier", [each for each, case in EVERY.items() if "says_fr" in case["expected"]])
def test_the_detail_tells_what_the_source_document_says(identifier: str, ask: Ask, now: datetime) -> None:
    case = EVERY[identifier]
    details = {
        card["source"]["topic"]["code"]: card["detail"].casefold()
        for answer in ask(resources(case, now), "fr")
        for card in answer.body["cards"]
    }
    for card, words in case["expected"]["says_fr"].items():
        assert [word for word in words if word.casefold() not in details[card]] == [], details[card]


def differences(expected: Case, got: Opinion) -> list[str]:
    """What was not found as expected, in words."""
    wrong = []
    shown = dict(got.cards)
    missing, unexpected = set(expected["cards"]) - shown.keys(), shown.keys() - set(expected["cards"])
    if missing:
        wrong.append(f"cards missing: {sorted(missing)}")
    if unexpected:
        wrong.append(f"cards not expected: {sorted(unexpected)}")
    porter = expected.get("porter")
    pairs = {
        "class": (expected["class"], got.classification),
        "lean": (expected.get("lean"), got.lean),
        "porter": (tuple(porter) if porter else None, got.porter),
    }
    if "ceap" in expected:
        pairs["ceap"] = (expected["ceap"], got.ceap)
    if "forms" in expected:
        pairs["forms"] = (sorted(expected["forms"]), sorted(got.forms))
    for card, indicator in expected.get("indicators", {}).items():
        pairs[f"indicator of {card}"] = (indicator, shown.get(card))
    for cause, level in expected.get("causes", {}).items():
        pairs[f"level of {cause}"] = (level, dict(got.causes).get(cause, "none"))
    wrong += [f"{name}: expected {want}, got {have}" for name, (want, have) in pairs.items() if want != have]
    return wrong


def failure(case: Case, wrong: list[str], answers: list[Answer]) -> str:
    lines = [f"{case['id']} {case['title']}", f"why: {case['why']}", *(f"  {each}" for each in wrong)]
    for answer in answers:
        lines.append(f"{answer.service}:")
        lines += [
            f"  [{card['indicator']}] {card['source']['topic']['code']}: {card['summary']}"
            for card in answer.body["cards"]
        ]
    lines.append(json.dumps(answers[0].body["extension"][EVALUATION], indent=1, ensure_ascii=False))
    return "\n".join(lines)
