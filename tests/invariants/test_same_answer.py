"""Invariant 7: same chart, same knowledge, same clock: same cards. Whatever the order, the duplicates, the units."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ehr import Ehr, Opinion, consult, opinion
from tests.rules.building import PATIENT, cases, in_other_units, resources, with_something_irrelevant
from tests.stories.telling import demo_record, demos, without_uuids

EVERY = dict(cases("vignettes")) | dict(cases("cases"))
JUDGED: dict[str, Opinion] = {}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_order_duplicates_units_and_what_is_irrelevant(
    data: st.DataObject, service: httpx.Client, now: datetime
) -> None:
    name = data.draw(st.sampled_from(sorted(EVERY)), label="case")
    case = EVERY[name]
    if name not in JUDGED:
        JUDGED[name] = opinion(consult(service, Ehr(PATIENT, resources(case, now))))
    same = in_other_units(case) if data.draw(st.booleans(), label="other units") else case
    patient, *others = resources(same, now)
    if data.draw(st.booleans(), label="something irrelevant"):
        others = with_something_irrelevant(others)
    if others:
        others += data.draw(st.lists(st.sampled_from(others), max_size=4), label="duplicates")
    record: list[dict[str, Any]] = data.draw(st.permutations([patient, *others]), label="order")
    assert opinion(consult(service, Ehr(PATIENT, record))) == JUDGED[name]


@pytest.mark.parametrize("name", demos())
def test_the_same_question_gets_the_same_words(name: str, service: httpx.Client) -> None:
    """Not only the same cards: the whole answer, but for what is fresh per display; and it is fresh."""
    record = demo_record(name)
    first, second = consult(service, record), consult(service, record)
    assert [without_uuids(each.body) for each in first] == [without_uuids(each.body) for each in second]
    uuids = [[card["uuid"] for each in answers for card in each.body["cards"]] for answers in (first, second)]
    assert not set(uuids[0]) & set(uuids[1])
