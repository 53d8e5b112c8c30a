"""The demonstration patients: valid FHIR R4, current with their sources, and judged as their sources say."""

from __future__ import annotations

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from cds.hooks.requests import decode
from scripts.demo_patients import order_sources, sources, target, text
from tests.ehr import consult, opinion
from tests.rules.test_vignettes import differences, failure
from tests.stories.telling import demo_record, demos, order_demos, read

SOURCES = sources()
ORDER_SOURCES = order_sources()


def test_there_is_one_for_every_kind_of_conclusion() -> None:
    assert demos().keys() == SOURCES.keys()
    assert len(SOURCES) >= 8


@pytest.mark.parametrize("name", SOURCES)
def test_is_valid_and_current(name: str) -> None:
    written = target(name).read_text(encoding="utf-8")
    assert written == text(SOURCES[name]), "run `make demo-patients`"
    Bundle.model_validate_json(written)


def test_there_are_hazards_and_silences_of_orders() -> None:
    assert order_demos().keys() == ORDER_SOURCES.keys()
    assert not ORDER_SOURCES.keys() & SOURCES.keys()
    cards = [each["expected"]["cards"] for each in ORDER_SOURCES.values()]
    assert len({card for each in cards for card in each}) >= 4
    assert cards.count([]) >= 2


@pytest.mark.parametrize("name", ORDER_SOURCES)
def test_orders_are_valid_and_current(name: str) -> None:
    written = target(name).read_text(encoding="utf-8")
    assert written == text(ORDER_SOURCES[name]), "run `make demo-patients`"
    assert decode(written.encode()).hook == "order-sign"
    Bundle.model_validate(read(target(name))["context"]["draftOrders"])


@pytest.mark.parametrize("name", ORDER_SOURCES)
def test_orders_are_judged_as_their_source_says(name: str, service: httpx.Client) -> None:
    answer = service.post("/cds-services/calcification-order-safety", json=read(target(name)))
    shown = {card["source"]["topic"]["code"]: card["indicator"] for card in answer.json()["cards"]}
    expected = ORDER_SOURCES[name]["expected"]
    assert shown == expected.get("indicators", {})
    assert sorted(shown) == sorted(expected["cards"])


@pytest.mark.parametrize("name", SOURCES)
def test_is_judged_as_its_source_says(name: str, service: httpx.Client) -> None:
    answers = consult(service, demo_record(name))
    wrong = differences(SOURCES[name]["expected"], opinion(answers))
    assert not wrong, failure(SOURCES[name], wrong, answers)
