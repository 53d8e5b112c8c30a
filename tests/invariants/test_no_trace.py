"""Invariant 3, of the whole service: marked patients and tokens go through every path, and nothing that the service writes
or says afterwards shows a trace of them: log, errors, figures, journal, store."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.ehr import request_body
from tests.invariants.test_no_patient_data import BAD, SECRET, marked
from tests.process import running
from tests.servers.faults import faulty_server
from tests.signing import BASE, ISSUER, authorization, claims, jwk, key_server, private_key, token
from tests.stories.telling import demo_record, order_demos, read

pytestmark = pytest.mark.slow

SERVICE = "/cds-services/soft-tissue-calcification"
JSON = {"content-type": "application/json", "authorization": f"Bearer {SECRET}", "cookie": SECRET, "user-agent": SECRET}


def test_nothing_shows_a_trace_of_a_patient_or_a_token(tmp_path: Path) -> None:
    environment = {"CDS_STATE_FOLDER": str(tmp_path), "CDS_METRICS_TOKEN": "told", "CDS_PATIENT_KEY": f"key {SECRET}"}
    with running(environment) as service:
        with httpx.Client(base_url=service.base, trust_env=False, timeout=60, headers=JSON) as client:
            said = [*answers(client), *refusals(client), *fed_back(client)]
            figures = client.get("/metrics", headers={"authorization": "Bearer told"})
            assert "cds_cards_shown_total{" in figures.text
            said += [figures, client.get("/health/ready")]
            for reply in said:
                assert SECRET not in str(reply.headers)
                if reply.status_code != 200 or b"cards" not in reply.content[:10]:  # a card may speak of its patient
                    assert SECRET not in reply.text
        soon(lambda: b"C-CKDMBD" in everything(tmp_path))
        service.kill()  # what it had no time to tidy up is looked at too
    assert len(service.said) > len(BAD)
    assert SECRET not in "".join(service.said)
    assert SECRET.encode() not in everything(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if SECRET in path.name]


def test_neither_does_a_store_that_is_down(tmp_path: Path) -> None:
    store = f"postgresql://{SECRET}:{SECRET}@127.0.0.1:1/{SECRET}"
    with running({"CDS_STATE_FOLDER": str(tmp_path / "state"), "CDS_STORE": store}) as service:
        with httpx.Client(base_url=service.base, trust_env=False, timeout=60, headers=JSON) as client:
            replies = [*answers(client), *fed_back(client, status=503)]
            assert {503} <= {each.status_code for each in replies}
        soon(lambda: any("the store is unavailable" in line for line in service.said))
        assert service.stop() == 0
    assert SECRET not in "".join(service.said)
    assert SECRET.encode() not in everything(tmp_path)


def test_neither_does_a_caller_who_is_asked_who_it_is_nor_a_server_that_fails(tmp_path: Path) -> None:
    """Tokens of a client, accepted and refused, and the token for its FHIR server, which fails in every way."""
    with key_server() as elsewhere, faulty_server(elsewhere.url.removesuffix("/jwks.json")) as (_, faults):
        bases = list(faults.values())
        client = {"name": "metz", "iss": ISSUER, "jwks": {"keys": [jwk("ES384")]}, "fhir_servers": bases}
        (tmp_path / "clients.yaml").write_text(yaml.safe_dump({"clients": [client]}), encoding="utf-8")
        environment = {
            "CDS_STATE_FOLDER": str(tmp_path / "state"),
            "CDS_CLIENTS": str(tmp_path / "clients.yaml"),
            "CDS_PUBLIC_URLS": BASE,
            "CDS_PRIVATE_ADDRESSES": "127.0.0.0/8",
            "CDS_METRICS_TOKEN": "told",
        }
        tokens = [token(claims(time.time())) for _ in bases]
        forged = [token(claims(time.time(), sub=SECRET), key=private_key("ES384", "forger")) for _ in range(3)]
        with running(environment) as service:
            with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as http:
                for base, mine in zip(bases, tokens, strict=True):
                    reply = http.post(SERVICE, json=fetching_from(base), headers=authorization(mine))
                    assert reply.status_code == 200
                    assert SECRET not in str(reply.headers)
                for theirs in forged:
                    assert (
                        http.post(SERVICE, json=fetching_from(bases[0]), headers=authorization(theirs)).status_code
                        == 401
                    )
                figures = http.get("/metrics", headers={"authorization": "Bearer told"}).text
            assert service.stop() == 0
    assert "cds_fhir_fetch_errors_total{" in figures
    assert 'cds_jwt_refused_total{reason="signature"} 3.0' in figures
    written = "".join(service.said) + figures + everything(tmp_path / "state").decode("latin-1")
    assert "fetched in part" in written
    assert SECRET not in written
    for each in (*tokens, *forged):
        assert not [part for part in each.split(".") if part in written]


def fetching_from(base: str) -> dict[str, Any]:
    """A request that sends nothing."""
    asked = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": f"Practitioner/{SECRET}", "patientId": SECRET},
        "fhirServer": base,
        "fhirAuthorization": {
            "access_token": SECRET,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
        },
    }
    return {**asked, "prefetch": {}}


def answers(client: httpx.Client) -> list[httpx.Response]:
    """A chart and a draft order, every word of them marked."""
    record = demo_record("metastatic-dialysis")
    record.resources = [each if each["resourceType"] == "Patient" else marked(each) for each in record.resources]
    patient = next(each for each in record.resources if each["resourceType"] == "Patient")
    patient["name"] = [{"family": SECRET, "given": [SECRET]}]
    patient["identifier"] = [{"value": SECRET}]
    advertised = client.get("/cds-services").json()["services"]
    chart = request_body(record, next(each for each in advertised if each["hook"] == "patient-view"))
    chart["fhirServer"] = f"https://{SECRET}.example/fhir"
    chart["fhirAuthorization"] = {
        "access_token": SECRET, "token_type": "Bearer", "expires_in": 300, "scope": SECRET, "subject": SECRET
    }  # fmt: skip
    chart["context"]["userId"] = f"Practitioner/{SECRET}"
    chart["context"]["encounterId"] = SECRET
    chart["prefetch"][SECRET] = marked(patient)
    chart["extension"] = {SECRET: SECRET}
    order = read(order_demos()["order-fluindione-black-eschar"])
    order["context"]["draftOrders"] = marked(order["context"]["draftOrders"])
    unmarked = request_body(demo_record("metastatic-dialysis"), advertised[0])
    said = [
        client.post(SERVICE, json=chart),
        client.post("/cds-services/calcification-order-safety", json=order),
        client.post(SERVICE, json=unmarked),
    ]
    assert {each.status_code for each in said} == {200}
    return said


def refusals(client: httpx.Client) -> list[httpx.Response]:
    """Every error."""
    said = [client.post(SERVICE, content=body.encode()) for body in BAD.values()]
    paths = (
        f"/{SECRET}",
        f"/cds-services/{SECRET}",
        f"/cds-services/{SECRET}/feedback",
        f"/health/{SECRET}",
        "/metrics",
    )
    methods = ("GET", "POST", "PUT")
    said += [client.request(method, path, content=b"{}") for method, path in itertools.product(methods, paths)]
    said.append(client.post(SERVICE, content=SECRET.encode(), headers={"content-type": f"text/{SECRET}"}))
    nobody = {"hook": "patient-view", "hookInstance": str(uuid.uuid4()), "context": {"userId": SECRET}}
    said.append(client.post(SERVICE, json=nobody))
    unseen = nobody | {"context": {"userId": SECRET, "patientId": SECRET}}
    said.append(client.post(SERVICE, json=unseen))
    assert {each.status_code for each in said} <= {200, 400, 404, 405, 412, 415}
    assert {400, 404, 405, 412, 415} <= {each.status_code for each in said}
    return said


def fed_back(client: httpx.Client, status: int = 200) -> list[httpx.Response]:
    """Words and codes that speak of a patient, for cards that are known and that are not."""
    advertised = client.get("/cds-services").json()["services"]
    asked = client.post(SERVICE, json=request_body(demo_record("metastatic-dialysis"), advertised[0]))
    cards = [each["uuid"] for each in asked.json()["cards"]] + [str(uuid.uuid4())]
    reason = {"reason": {"code": SECRET, "system": SECRET, "display": SECRET}, "userComment": SECRET}
    items = [{"card": each, "outcome": "overridden", "overrideReason": reason, SECRET: SECRET} for each in cards]
    kept = client.post(f"{SERVICE}/feedback", json={"feedback": items})
    assert kept.status_code == status
    broken = [b"{", json.dumps({"feedback": SECRET}).encode(), json.dumps({"feedback": [{"card": SECRET}]}).encode()]
    return [kept, *(client.post(f"{SERVICE}/feedback", content=each) for each in broken)]


def everything(folder: Path) -> bytes:
    """All bytes of all files."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
