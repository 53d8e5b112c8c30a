"""R5, R6, R7 and S9 on data that the service fetches itself, from real servers, most of which misbehave on purpose."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from cds.settings import Settings
from tests.ehr import EVALUATION, Ehr
from tests.servers.faults import FAULTS, PATIENT, faulty_server
from tests.servers.records import Records
from tests.servers.sockets import HttpServer, http_server, resource
from tests.serving import serving
from tests.stories.telling import demo_record
from tests.unit.hooks.requests_by_hand import asked

PATH = "/cds-services/soft-tissue-calcification"
TOKEN = "Zyxwvut-token"
RECORD = demo_record("metastatic-dialysis")
LOOPBACK = ("127.0.0.0/8",)
STATE_WORDS = {"failed": "could not be read", "partial": "received in part only", "absent": "not received"}


class World(NamedTuple):
    """A service, and the servers that it may ask."""

    service: httpx.Client
    faulty: HttpServer
    bases: dict[str, str]
    elsewhere: HttpServer
    good: HttpServer


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with (
        http_server(Records(RECORD, page=3)) as good,
        http_server(Records(RECORD)) as elsewhere,
        faulty_server(elsewhere.origin) as (faulty, bases),
    ):
        settings = Settings(
            fhir_servers=(good.base, *bases.values()),
            private_addresses=LOOPBACK,
            fetch_deadline=1500,
            fetch_failures=99,
        )
        with serving(settings) as service:
            yield World(service, faulty, bases, elsewhere, good)


def view(server: str, patient: str = RECORD.patient_id, **members: Any) -> dict[str, Any]:
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "cds"}
    return asked(
        context={"patientId": patient, "userId": "Practitioner/1"},
        fhirServer=server,
        **{"fhirAuthorization": authorization, **members},
    )


def result(reply: httpx.Response) -> dict[str, Any]:
    assert reply.status_code == 200, reply.text
    assert TOKEN not in reply.text
    evaluation: dict[str, Any] = reply.json()["extension"][EVALUATION]
    return evaluation


def unseen(reply: httpx.Response) -> str:
    """What the card about data that were not seen says."""
    cards = [each for each in reply.json()["cards"] if each["source"]["topic"]["code"] == "C-DATA"]
    return str(cards[0]["detail"]) if cards else ""


@pytest.mark.clause("R5")
def test_what_is_absent_is_fetched_to_its_last_page(world: World) -> None:
    found = result(world.service.post(PATH, json=view(world.good.base)))
    assert set(found["prefetch"].values()) <= {"present", "none"}
    assert found["classification"] == "METASTATIC_CONFIRMED"
    assert set(found["fetch"]["outcomes"]) == set(found["prefetch"])
    assert set(found["fetch"]["outcomes"].values()) == {"complete"}
    assert found["fetch"]["pages"] == found["fetch"]["queries"] > len(found["prefetch"])
    assert 0 < found["fetch"]["spentMs"] < 1500


@pytest.mark.clause("R5")
@pytest.mark.parametrize("sent", [None, {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}])
def test_where_the_client_looked_nobody_looks_again(world: World, sent: Any) -> None:
    before = len(world.good.asked)
    found = result(world.service.post(PATH, json=view(world.good.base, prefetch={"conditions": sent})))
    assert found["prefetch"]["conditions"] == ("failed" if sent else "none")
    assert "conditions" not in found["fetch"]["outcomes"]
    assert not [each for each in world.good.asked[before:] if each.path.endswith("/Condition")]


@pytest.mark.clause("R5")
def test_nothing_is_fetched_when_everything_was_sent(world: World) -> None:
    templates = world.service.get("/cds-services").json()["services"][0]["prefetch"]
    before = len(world.good.asked)
    reply = world.service.post(PATH, json=view(world.good.base, prefetch=RECORD.prefetch(templates)))
    assert "fetch" not in result(reply)
    assert len(world.good.asked) == before


@pytest.mark.clause("R5")
def test_the_pages_that_a_client_did_not_send_are_read(world: World) -> None:
    whole = result(world.service.post(PATH, json=view(world.good.base)))
    first = httpx.get(f"{world.good.base}/Observation?patient={RECORD.patient_id}", trust_env=False).json()
    assert first["link"]
    found = result(world.service.post(PATH, json=view(world.good.base, prefetch={"laboratory": first})))
    assert found["prefetch"] == whole["prefetch"]
    assert found["causes"] == whole["causes"]


@pytest.mark.clause("R5")
def test_pages_that_lead_elsewhere_stay_a_part(world: World) -> None:
    link = {"relation": "next", "url": f"{world.elsewhere.base}/Condition?patient={RECORD.patient_id}"}
    sent = {"resourceType": "Bundle", "type": "searchset", "link": [link], "entry": []}
    reply = world.service.post(PATH, json=view(world.good.base, prefetch={"conditions": sent}))
    assert result(reply)["prefetch"]["conditions"] == "partial"
    assert STATE_WORDS["partial"] in unseen(reply)
    assert world.elsewhere.asked == []


@pytest.mark.slow
@pytest.mark.clause("R5")
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_a_server_does_the_state_says_it(world: World, name: str, caplog: pytest.LogCaptureFixture) -> None:
    fault = FAULTS[name]
    started = time.monotonic()
    for ours in ("httpx", "httpcore"):
        caplog.set_level(logging.WARNING, logger=ours)
    with caplog.at_level(logging.DEBUG):
        reply = world.service.post(PATH, json=view(world.bases[name], PATIENT))
    assert time.monotonic() - started < 6
    found = result(reply)
    searched = {key for key in found["prefetch"] if key != "patient"}
    assert {found["prefetch"][key] for key in searched} == {fault.state}
    assert {found["fetch"]["outcomes"][key] for key in searched} == {fault.outcome}
    assert found["classification"] == "NOT_APPLICABLE"
    assert STATE_WORDS[fault.state] in unseen(reply)
    assert fault.outcome in caplog.text
    for secret in (TOKEN, PATIENT, "127.0.0.1"):
        assert secret not in caplog.text
    assert world.faulty.is_at_rest(), "a connection waits for an answer that nobody reads"
    assert world.elsewhere.asked == []


@pytest.mark.slow
@pytest.mark.clause("R5")
@pytest.mark.parametrize(("headers", "patience"), [({"Retry-After": "0"}, 2), ({}, 2), ({"Retry-After": "1"}, 10)])
def test_a_busy_server_is_asked_again_while_there_is_time(headers: dict[str, str], patience: float) -> None:
    records, refused = Records(RECORD), set[str]()

    async def busy_once(request: Any, writer: Any) -> None:
        if request.target in refused:
            await records(request, writer)
        else:
            refused.add(request.target)
            writer.write(resource({"resourceType": "OperationOutcome"}, 503, headers))

    with http_server(busy_once) as busy:
        settings = Settings(fhir_servers=(busy.base,), private_addresses=LOOPBACK, fetch_deadline=int(patience * 1000))
        with serving(settings) as service:
            found = result(service.post(PATH, json=view(busy.base)))
    assert set(found["fetch"]["outcomes"].values()) == {"complete"}
    assert found["fetch"]["queries"] == 2 * len(found["prefetch"])


@pytest.mark.clause("R6")
def test_another_patient_is_no_evidence_and_is_counted(world: World) -> None:
    found = result(world.service.post(PATH, json=view(world.bases["another patient"], PATIENT)))
    assert {"reference": "Condition/Condition-1", "reason": "other-patient"} in found["notUsed"]
    assert {"reference": "Patient/p-2", "reason": "other-patient"} in found["notUsed"]
    assert found["prefetch"]["patient"] == "failed"


@pytest.mark.clause("R6")
def test_a_token_of_another_patient_is_not_used(world: World) -> None:
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "patient": "somebody-else"}
    before = len(world.good.asked)
    found = result(world.service.post(PATH, json=view(world.good.base, fhirAuthorization=authorization)))
    assert found["fetch"] == {"refused": "token-of-another-patient"}
    assert set(found["prefetch"].values()) == {"absent"}
    assert len(world.good.asked) == before


@pytest.mark.clause("R5")
def test_a_token_that_reaches_some_data_only_does_not_say_that_there_are_no_others(world: World) -> None:
    scope = "patient/Patient.rs patient/Observation.rs?category=laboratory patient/Condition.read"
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "scope": scope}
    found = result(world.service.post(PATH, json=view(world.good.base, fhirAuthorization=authorization)))
    states = found["prefetch"]
    assert (states["patient"], states["conditions"], states["laboratory"]) == ("present", "present", "partial")
    assert states["reports"] == states["procedures"] == "absent"
    assert found["fetch"]["outcomes"]["laboratory"] == "scope-narrow"
    assert found["fetch"]["outcomes"]["reports"] == "scope"


@pytest.mark.clause("R6")
@pytest.mark.parametrize("patient", ["..", "p/1", "p?x=1", "p&patient=q", "p%2f", "é", "p" * 65])
def test_an_id_that_could_change_the_question_is_not_asked_about(world: World, patient: str) -> None:
    before = len(world.good.asked)
    reply = world.service.post(PATH, json=view(world.good.base, patient))
    assert result(reply)["fetch"] == {"refused": "patient-id"}
    assert len(world.good.asked) == before


@pytest.mark.slow
@pytest.mark.clause("R7")
@pytest.mark.parametrize("identifier", ["soft-tissue-calcification", "chronic-venous-insufficiency"])
@pytest.mark.parametrize("name", ["never answers", "401", "HTML"])
def test_a_server_that_gives_nothing_is_no_all_clear(world: World, identifier: str, name: str) -> None:
    reply = world.service.post(f"/cds-services/{identifier}", json=view(world.bases[name], PATIENT))
    assert reply.status_code == 200
    (card,) = reply.json()["cards"]
    assert "not an all-clear" in card["summary"]


@pytest.mark.clause("S9")
def test_a_server_that_is_not_on_the_list_is_not_asked(world: World, caplog: pytest.LogCaptureFixture) -> None:
    reply = world.service.post(PATH, json=view(world.elsewhere.base))
    found = result(reply)
    assert found["fetch"] == {"refused": "server-not-allowed"}
    assert set(found["prefetch"].values()) == {"absent"}
    assert STATE_WORDS["absent"] in unseen(reply)
    assert world.elsewhere.asked == []
    assert "server-not-allowed" in caplog.text
    assert world.elsewhere.base not in caplog.text


@pytest.mark.slow
@pytest.mark.clause("S9")
def test_an_address_that_nobody_named_is_not_called() -> None:
    with http_server(Records(RECORD)) as server:
        named = server.base.replace("127.0.0.1", "localhost")
        settings = Settings(fhir_servers=(server.base, named), private_addresses=("10.0.0.0/8",), fetch_deadline=5000)
        with serving(settings) as service:
            for base in (server.base, named):
                found = result(service.post(PATH, json=view(base)))
                assert set(found["fetch"]["outcomes"].values()) == {"address-refused"}
                assert set(found["prefetch"].values()) == {"absent"}
        assert server.connections == 0


@pytest.mark.clause("S9")
def test_the_token_goes_with_every_question_and_nowhere_else(world: World) -> None:
    before = len(world.good.asked)
    result(world.service.post(PATH, json=view(world.good.base)))
    asked_now = world.good.asked[before:]
    assert {each.headers["authorization"] for each in asked_now} == {f"Bearer {TOKEN}"}
    assert TOKEN not in "".join(each.target for each in asked_now)
    without = view(world.good.base)
    del without["fhirAuthorization"]
    before = len(world.good.asked)
    result(world.service.post(PATH, json=without))
    assert not [each for each in world.good.asked[before:] if "authorization" in each.headers]


@pytest.mark.slow
def test_a_dead_server_costs_only_the_first_requests_their_time() -> None:
    with faulty_server("http://127.0.0.1:1") as (_, bases):
        base = bases["never answers"]
        settings = Settings(fhir_servers=(base,), private_addresses=LOOPBACK, fetch_deadline=200, fetch_failures=2)
        with serving(settings) as service:
            outcomes = [result(service.post(PATH, json=view(base)))["fetch"] for _ in range(4)]
    said = [set(each["outcomes"].values()) for each in outcomes]
    assert said == [{"timeout"}, {"timeout"}, {"server-down"}, {"server-down"}]
    assert outcomes[-1]["queries"] == 0


def test_without_the_setting_nothing_is_fetched(service: httpx.Client) -> None:
    found = result(service.post(PATH, json=view("https://ehr.example/fhir")))
    assert found["fetch"] == {"refused": "not-configured"}


@pytest.mark.slow
@pytest.mark.parametrize("ways", [{"takes_get": False}, {"takes_post": False}])
def test_a_server_that_takes_one_way_of_searching_is_searched_that_way(ways: dict[str, bool]) -> None:
    with http_server(Records(RECORD, **ways)) as server:  # type: ignore[arg-type]
        settings = Settings(fhir_servers=(server.base,), private_addresses=LOOPBACK, fetch_deadline=5000)
        with serving(settings) as service:
            for _ in range(2):
                found = result(service.post(PATH, json=view(server.base)))
                assert set(found["fetch"]["outcomes"].values()) == {"complete"}
    if not ways.get("takes_get", True):  # remembered: the second time nothing is asked in vain
        assert found["fetch"]["queries"] == len(found["prefetch"])


def test_the_orders_are_judged_on_fetched_data(world: World) -> None:
    demo = Ehr(RECORD.patient_id, RECORD.resources)
    draft = {
        "resourceType": "MedicationRequest",
        "id": "d-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{demo.patient_id}"},
        "medicationCodeableConcept": {"text": "carbonate de calcium 500 mg"},
    }
    request = view(world.good.base) | {"hook": "order-sign"}
    request["context"] = {
        "patientId": demo.patient_id,
        "userId": "Practitioner/1",
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
    }
    path = "/cds-services/calcification-order-safety"
    fetched = world.service.post(path, json=request)
    listed = world.service.get("/cds-services").json()["services"]
    templates = next(each["prefetch"] for each in listed if each["hook"] == "order-sign")
    sent = world.service.post(path, json={**request, "prefetch": demo.prefetch(templates)})
    assert result(fetched)["prefetch"] == result(sent)["prefetch"]
    assert (
        [card["summary"] for card in fetched.json()["cards"]]
        == [card["summary"] for card in sent.json()["cards"]]
        != []
    )


@pytest.mark.clause("C4")
@pytest.mark.parametrize(
    ("version", "made"), [("4.0.1", "ServiceRequest"), ("5.0.0", "ServiceRequest"), ("3.0.2", "ProcedureRequest")]
)
def test_what_is_suggested_is_written_for_the_version_that_the_server_says_it_speaks(version: str, made: str) -> None:
    with http_server(Records(RECORD, version=version)) as server:
        settings = Settings(fhir_servers=(server.base,), private_addresses=LOOPBACK, fetch_deadline=1500)
        with serving(settings) as service:
            replies = [service.post(PATH, json=view(server.base)).json() for _ in range(2)]
        metadata = [each for each in server.asked if each.path == "/fhir/metadata"]
    actions = [
        action["resource"]
        for card in replies[0]["cards"]
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
    ]
    assert {each["resourceType"] for each in actions} == {made}
    assert all(("concept" in each["code"]) == (version == "5.0.0") for each in actions)
    assert len(metadata) == 1, "it is asked once, and remembered"
