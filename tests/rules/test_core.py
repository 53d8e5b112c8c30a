"""The cases of tests/rules/core, chapter by chapter: FHIR in, conclusions out, without cards and HTTP.

The format is that of tests/rules/building.py. `expected` holds only what the case is about:

- `class`, `lean`, `forms` (exactly these), `causes` (levels; "none" where it must not count)
- `cards`: exactly these; `has`, `lacks`: some of them
- `variant`, `certainty`, `says` (English), `values` by card
- `asks`: what a card asks for, exactly and in this order; `asks-not`: what it must not ask for
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import orjson
import pytest

from cds.consult import Consultant
from cds.reasoning.conclusions import Conclusion, Evaluation
from cds.reasoning.evaluate import evaluate_chart
from cds.settings import Settings
from tests.rules.building import PATIENT, Case, cases, resources

CASES = dict(cases("core"))


@cache
def consultant() -> Consultant:
    return Consultant.load(Settings())


def evaluated(case: Case, now: datetime) -> Evaluation:
    knowing = consultant()
    chart = knowing.reader.read({"record": _bundle(case, now)}, PATIENT, now, whole_record=True).chart
    return evaluate_chart(chart, now, knowing.knowledge)


def _bundle(case: Case, now: datetime) -> Any:
    entries = [{"resource": each} for each in resources(case, now)]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


@pytest.mark.parametrize("identifier", CASES)
def test_concludes_what_is_expected(identifier: str, now: datetime) -> None:
    case = CASES[identifier]
    wrong = differences(case["expected"], evaluated(case, now))
    assert not wrong, "\n".join([f"{identifier} {case['title']}", *wrong])


def differences(expected: Case, got: Evaluation) -> list[str]:
    """What was not found as expected, in words."""
    unknown = set(expected) - set(_ASKED)
    assert not unknown, f"nothing is known of {unknown}"
    found = [(member, want, _ASKED[member](got, want)) for member, want in expected.items()]
    return [f"{member}: expected {want}, got {have}" for member, want, have in found if have != want]


def _card(got: Evaluation, card: str) -> Conclusion:
    return next(each for each in got.conclusions if each.card == card)


def _said(conclusion: Conclusion) -> str:
    return "\n".join(each.en for each in (*conclusion.notes, *(gap.what for gap in conclusion.gaps)))


def _order_of(wanted: list[str]) -> Callable[[str], tuple[int, str]]:
    return lambda card: (wanted.index(card) if card in wanted else len(wanted), card)


def _levels(got: Evaluation) -> dict[str, str]:
    return {each.id: each.level for each in got.causes}


_ASKED: dict[str, Any] = {
    "class": lambda got, _: got.classification,
    "lean": lambda got, _: got.lean,
    "forms": lambda got, _: [each.id for each in got.forms],
    "causes": lambda got, want: {each: _levels(got).get(each, "none") for each in want},
    "cards": lambda got, want: sorted((each.card for each in got.conclusions), key=_order_of(want)),
    "has": lambda got, want: [each for each in want if each in {one.card for one in got.conclusions}],
    "lacks": lambda got, want: [each for each in want if each not in {one.card for one in got.conclusions}],
    "variant": lambda got, want: {card: _card(got, card).variant for card in want},
    "certainty": lambda got, want: {card: _card(got, card).certainty for card in want},
    "values": lambda got, want: {
        card: {name: _card(got, card).values[name].en for name in names} for card, names in want.items()
    },
    "says": lambda got, want: {
        card: words if words in _said(_card(got, card)) else _said(_card(got, card)) for card, words in want.items()
    },
    "asks": lambda got, want: {card: [each.key for each in _card(got, card).requests] for card in want},
    "asks-not": lambda got, want: {
        card: [each for each in keys if each not in {one.key for one in _card(got, card).requests}]
        for card, keys in want.items()
    },
    "withheld": lambda got, _: sorted(got.withheld),
}
