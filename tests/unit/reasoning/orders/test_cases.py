"""Every row and every silence of the order rules (section 12b.3, 12b.4), as the tables of tests/rules/orders tell it."""

from __future__ import annotations

from datetime import datetime

import pytest

from cds.reasoning.conclusions import Conclusion
from tests.unit.reasoning.orders.cases import Case, cases, consultant, evaluated, given

LISTED = list(cases())
CASES = dict(LISTED)


def test_every_case_has_a_title_of_its_own() -> None:
    assert len(CASES) == len(LISTED)


@pytest.mark.parametrize("identifier", CASES)
def test_gives_what_the_table_says(identifier: str, now: datetime) -> None:
    case = CASES[identifier]
    evaluation = evaluated(case, now)
    found = given(evaluation.conclusions)
    wanted = case.get("gives", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    assert set(found) == set(wanted)
    if len(found) == 1:
        differs(case, next(iter(found.values())))


def differs(case: Case, conclusion: Conclusion) -> None:
    """Whatever else the case says of its one card."""
    said = {
        "asks": [each.key for each in conclusion.requests],
        "removes": bool(conclusion.removals),
        "removals": len(conclusion.removals),
        "drafts": len(conclusion.drafts),
        "priority": next((each.priority for each in conclusion.requests), None),
        "after": next((each.after_days for each in conclusion.requests), None),
        "test": conclusion.values["test"].en if "test" in conclusion.values else None,
        "ca": conclusion.values["ca"].en if "ca" in conclusion.values else None,
        "ca_fr": conclusion.values["ca"].fr if "ca" in conclusion.values else None,
    }
    assert {name: said[name] for name in said if name in case} == {name: case[name] for name in said if name in case}
    if "reason" in case:
        cards = consultant().knowledge.cards
        name = "pressure" if "pressure" in conclusion.values else "reason"
        value = cards.placeholder(name).value(case["reason"])
        assert conclusion.values[name].en.startswith(value.en.partition("{")[0])
        assert ("number" in case) is ("{" in value.en) or "number" not in case
        assert case.get("number", "") in conclusion.values[name].en
        assert case.get("number_fr", "") in conclusion.values[name].fr
    notes = " ".join(each.en for each in conclusion.notes)
    assert case.get("says", "") in notes
    assert case.get("silent_of", "\0") not in notes
    assert conclusion.drafts
    assert conclusion.sources


def test_every_row_is_reached() -> None:
    """Section 12b.3: each variant of each card of orders stands in a table."""
    cards = [card for card in consultant().knowledge.cards.cards if card.group == "order"]
    rows = {f"{card.id} {variant.id}".strip() for card in cards for variant in card.variants}
    told = {each for case in CASES.values() for each in ([case["gives"]] if isinstance(case.get("gives"), str) else ())}
    assert rows - told == set()
