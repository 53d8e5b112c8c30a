"""D1 to D6."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from cds.hooks.contexts import HOOKS
from tests.ehr import EVALUATION, consult
from tests.stories.telling import demo_record, demos

CHART = {"patient-view", "encounter-start", "problem-list-item-create"}
ON = {
    "soft-tissue-calcification": CHART,
    "chronic-venous-insufficiency": CHART,
    "calcification-order-safety": {"order-select", "order-sign"},
}
READ = re.compile(r"Patient/\{\{context\.patientId\}\}")
SEARCH = re.compile(r"[A-Z][A-Za-z]+\?[a-zA-Z_-]+=[^&=]+(&[a-zA-Z_-]+=[^&=]+)*")


@pytest.fixture
def services(service: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/cds-services").json()["services"]
    return found


@pytest.fixture(params=["patient-view", "order-sign"])
def templates(request: pytest.FixtureRequest, services: list[dict[str, Any]]) -> dict[str, str]:
    return {
        key: template
        for each in services
        if each["hook"] == request.param
        for key, template in each["prefetch"].items()
    }


@pytest.mark.clause("D1")
@pytest.mark.parametrize("headers", [{}, {"accept": "text/html"}, {"content-type": "text/plain"}])
def test_discovery_is_always_reachable(service: httpx.Client, headers: dict[str, str]) -> None:
    reply = service.get("/cds-services", headers=headers)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json().keys() == {"services"}
    assert service.get("/cds-services?anything=goes").json() == reply.json()


@pytest.mark.clause("D2")
def test_an_entry_says_what_a_client_needs(services: list[dict[str, Any]]) -> None:
    for each in services:
        for member in ("hook", "id", "title", "description", "version", "hookVersion", "prefetch", "usageRequirements"):
            assert each[member], member
        assert re.fullmatch(r"\d+\.\d+\.\d+", each["version"])
        assert each["hookVersion"] == HOOKS[each["hook"]].version


@pytest.mark.clause("D3")
def test_one_id_stands_once_for_every_hook(services: list[dict[str, Any]]) -> None:
    listed = [(each["id"], each["hook"]) for each in services]
    assert sorted(listed) == sorted((each, hook) for each, hooks in ON.items() for hook in hooks)


@pytest.mark.clause("D4")
def test_a_template_is_one_that_every_client_can_resolve(templates: dict[str, str]) -> None:
    assert 5 <= len(templates) <= 10
    for key, template in templates.items():
        assert READ.fullmatch(template) or SEARCH.fullmatch(template), key
        assert len(template) < 2000, key
        assert set(re.findall(r"\{\{(.*?)\}\}", template)) == {"context.patientId"}, key
        parameters = set(re.findall(r"[?&]([a-zA-Z_-]+)=", template))
        assert parameters <= {"patient", "code", "category", "status", "_count", "_sort"}, key
        for codes in re.findall(r"[?&]code=([^&]*)", template):
            assert re.fullmatch(r"\d{1,7}-\d(,\d{1,7}-\d)*", codes), key


@pytest.mark.clause("D4")
def test_every_service_asks_for_the_same(services: list[dict[str, Any]]) -> None:
    """A client that calls both services of a hook resolves each template once."""
    for hook in {each["hook"] for each in services}:
        assert len({tuple(sorted(each["prefetch"].items())) for each in services if each["hook"] == hook}) == 1


@pytest.mark.clause("D5")
@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_every_key_is_known_to_whoever_reads(service: httpx.Client, services: list[dict[str, Any]], hook: str) -> None:
    """What is advertised is what the answer accounts for: neither more nor less."""
    advertised = next(each["prefetch"] for each in services if each["hook"] == hook)
    context = {"draftOrders": {"resourceType": "Bundle"}} if hook == "order-sign" else {}
    answer = consult(service, demo_record(next(iter(demos()))), hook=hook, context=context)[0]
    assert answer.body["extension"][EVALUATION]["prefetch"].keys() == advertised.keys()


@pytest.mark.clause("D5")
def test_orders_ask_for_no_more_than_the_chart(services: list[dict[str, Any]]) -> None:
    """Of each search the same or fewer codes: what no order rule reads is not asked for."""
    of_charts = next(each["prefetch"] for each in services if each["hook"] == "patient-view")
    of_orders = next(each["prefetch"] for each in services if each["hook"] == "order-sign")
    codes = [set(re.findall(r"\d+-\d\b", "&".join(each.values()))) for each in (of_orders, of_charts)]
    assert codes[0] < codes[1]
    assert {
        key: each for key, each in of_orders.items() if not key.startswith("laboratory")
    }.items() <= of_charts.items()


@pytest.mark.clause("D6")
def test_the_fhir_versions_are_said_to_people_and_machines(services: list[dict[str, Any]]) -> None:
    for each in services:
        versions = each["extension"]["calcification-cds.fhir-versions"]
        assert "4.0.1" in versions
        assert all(version in each["usageRequirements"] for version in versions)
