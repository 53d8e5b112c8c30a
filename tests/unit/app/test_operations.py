"""Health, figures, the log: what those see who run the service."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cds.app import create_app
from cds.settings import Settings
from tests.clock import NOW
from tests.process import Process, running
from tests.serving import serving
from tests.signing import ISSUER, jwk
from tests.unit.app.local import local
from tests.unit.hooks.requests_by_hand import INSTANCE, asked, body

SERVICE = "/cds-services/soft-tissue-calcification"
PATIENT: dict[str, Any] = {"patient": {"resourceType": "Patient", "id": "p"}}


def figures(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_a_service_that_answers_is_alive_and_ready(tmp_path: Path) -> None:
    with serving(Settings(state_folder=tmp_path)) as client:
        assert client.get("/health/live").json() == {"status": "alive"}
        ready = client.get("/health/ready").json()
        assert ready.pop("knowledge").startswith("0.")
        assert ready == {"status": "ready", "journal": "in order", "store": "in order"}


def test_without_a_store_it_is_degraded_and_answers(tmp_path: Path) -> None:
    with serving(Settings(state_folder=tmp_path, store="postgresql://cds@127.0.0.1:1/nowhere")) as client:
        deadline = time.monotonic() + 60
        while (ready := client.get("/health/ready")).json()["status"] != "degraded":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert (ready.status_code, ready.json()["store"]) == (200, "unavailable")
        assert client.post(SERVICE, json=asked(prefetch=PATIENT)).status_code == 200


@pytest.mark.parametrize(("keys", "state"), [("there", "in order"), ("at nobody's", "missing for a client")])
def test_it_tells_whether_every_client_has_keys(tmp_path: Path, keys: str, state: str) -> None:
    source = {"jwks": {"keys": [jwk("ES384")]}} if keys == "there" else {"jku": "http://127.0.0.1:1/jwks.json"}
    clients = tmp_path / "clients.yaml"
    clients.write_text(yaml.safe_dump({"clients": [{"name": "metz", "iss": ISSUER, **source}]}), encoding="utf-8")
    with serving(Settings(clients=clients, state_folder=tmp_path)) as client:
        ready = client.get("/health/ready").json()
    assert (ready["keys"], ready["status"] == "ready") == (state, keys == "there")


@pytest.mark.slow
def test_key_servers_that_say_nothing_do_not_make_it_late(tmp_path: Path) -> None:
    """Each would be waited for five seconds: somebody who asks whether it is ready would think that it is not."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        jku = f"http://127.0.0.1:{silent.getsockname()[1]}/jwks.json"
        mute = [{"name": f"mute-{each}", "iss": f"https://{each}.example", "jku": jku} for each in range(4)]
        there = {"name": "metz", "iss": ISSUER, "jwks": {"keys": [jwk("ES384")]}}
        clients = tmp_path / "clients.yaml"
        clients.write_text(yaml.safe_dump({"clients": [*mute, there]}), encoding="utf-8")
        with serving(Settings(clients=clients, state_folder=tmp_path)) as client:
            for _ in range(3):
                began = time.monotonic()
                assert client.get("/health/ready").json()["keys"] == "missing for a client"
                assert time.monotonic() - began < 4


def test_before_its_start_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    with local(create_app(Settings(state_folder=tmp_path), clock=lambda: NOW)) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["resourceType"]) == (503, "OperationOutcome")


def test_without_memory_it_is_ready(tmp_path: Path) -> None:
    with local(create_app(Settings(memory=False), clock=lambda: NOW)) as client:
        assert client.get("/health/ready").json()["status"] == "ready"


def test_figures_are_for_whoever_has_the_token(tmp_path: Path) -> None:
    with serving(Settings(state_folder=tmp_path, metrics_token="Zyx")) as client:
        client.post(SERVICE, json=asked(prefetch=PATIENT))
        client.post(SERVICE, json=asked("order-sign"))
        card = client.post(SERVICE, json=asked(prefetch=PATIENT)).json()["cards"][0]["uuid"]
        client.post(f"{SERVICE}/feedback", json={"feedback": [{"card": card, "outcome": "overridden"}]})
        for wrong in ({}, {"authorization": "Bearer zyx"}, {"authorization": "Bearer \xe9"}, {"authorization": "Zyx"}):
            encoded = {name: value.encode("latin-1") for name, value in wrong.items()}
            assert client.get("/metrics", headers=encoded).status_code == 404
        told = figures(client.get("/metrics", headers={"authorization": "Bearer Zyx"}).text)
    named = 'service="soft-tissue-calcification"'
    assert told[f'cds_call_seconds_count{{outcome="answered",{named}}}'] == 3
    assert told[f'cds_call_seconds_count{{outcome="WrongHook",{named}}}'] == 1
    assert told['cds_prefetch_total{key="patient",state="present"}'] == 2
    assert told['cds_prefetch_total{key="laboratory",state="absent"}'] == 2
    assert told['cds_cards_shown_total{card="C-DATA",client=""}'] == 2
    assert told['cds_feedback_items_total{client=""}'] == 1
    assert told["cds_journal_lost_records"] == 0


def test_without_a_token_there_are_no_figures_on_the_port_of_the_services(tmp_path: Path) -> None:
    with serving(Settings(state_folder=tmp_path)) as client:
        assert client.get("/metrics", headers={"authorization": "Bearer"}).status_code == 404


def ask(service: Process, times: int) -> None:
    """Each time over a connection of its own, so that every worker has its turn."""
    for _ in range(times):
        with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
            assert client.post(SERVICE, json=asked(prefetch=PATIENT)).status_code == 200


@pytest.mark.slow
def test_any_worker_tells_the_figures_of_all_on_a_port_of_their_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"CDS_STATE_FOLDER": str(tmp_path), "CDS_METRICS_PORT": str(port)}
    with running(environment, "--workers", "2") as service:
        ask(service, 20)
        for _ in range(5):
            told = figures(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=60).text)
            assert told['cds_call_seconds_count{outcome="answered",service="soft-tissue-calcification"}'] == 20
        assert service.stop() == 0


@pytest.mark.slow
def test_there_is_one_line_per_call(tmp_path: Path) -> None:
    with running({"CDS_STATE_FOLDER": str(tmp_path)}) as service:
        with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
            client.post(SERVICE, json=asked(prefetch=PATIENT))
            client.post(SERVICE, content=b"{", headers={"content-type": "application/json"})
            client.post(
                f"{SERVICE}/feedback", json={"feedback": [{"card": str(uuid.uuid4()), "outcome": "overridden"}]}
            )
            client.get("/nowhere")
        assert service.stop() == 0
    lines = [json.loads(line) for line in service.said]
    assert {line["event"] for line in lines} == {"call"}, lines
    _, answered, refused, fed, lost = lines  # the first is the helper's own, which waited for the service
    assert (answered["hookInstance"], answered["outcome"], answered["cards"]) == (INSTANCE, "answered", 1)
    assert (refused["outcome"], refused["status"]) == ("NotJson", 400)
    assert (fed["outcome"], fed["feedback"]) == ("answered", 1)
    assert lost["status"] == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CDS_STATE_FOLDER", "{file}/below", "the state folder cannot be made: Not a directory"),
        ("CDS_STORE", "mysql://host", "CDS_STORE must begin with postgresql:// or sqlite:///"),
    ],
)
def test_what_cannot_be_remembered_with_is_said_in_one_line(
    tmp_path: Path, name: str, value: str, complaint: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    environment = {**os.environ, "CDS_STATE_FOLDER": str(tmp_path), name: value.format(file=file)}
    done = subprocess.run(
        [sys.executable, "-m", "cds", "serve", "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"cds: {complaint}\n")


DEFECT = """
import asyncio, sys
import httpx
from cds.operations import logs
from cds.app import assemble
from cds.hooks.services import Service
from cds.operations.logs import CallLog
from cds.settings import Settings
from cds.operations.witness import Witness

logs.configure()


async def failing(*_):
    raise ValueError("DUPONT is no number")


def never(_):
    raise RuntimeError("DUPONT")


async def main():
    app = assemble([Service("s", "S", "s", ("patient-view",))], failing, Settings())
    app.add_middleware(Witness, before=[never], after=[CallLog().told])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://local.example") as client:
        reply = await client.post("/cds-services/s", content=sys.stdin.buffer.read(), headers={"content-type": "application/json"})
    assert reply.status_code == 500 and "DUPONT" not in reply.text


asyncio.run(main())
"""


def test_a_defect_is_told_by_its_name_and_place_and_the_memory_fails_alone() -> None:
    sent = body(context={"patientId": "DUPONT", "userId": "DUPONT"})
    done = subprocess.run([sys.executable, "-c", DEFECT], input=sent, capture_output=True, check=True)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"].partition(":")[0] for line in said] == [
        "ValueError at failing",
        "RuntimeError while a call was seen out",
        "call",
    ]
    assert (said[2]["outcome"], said[2]["status"], said[2]["hookInstance"]) == ("Unexpected", 500, INSTANCE)
    assert b"DUPONT" not in done.stdout + done.stderr


def test_an_answer_is_written_down_before_it_leaves(tmp_path: Path) -> None:
    """Whoever was answered may run before the service's next line, and kill it."""
    app = create_app(Settings(state_folder=tmp_path), lambda: NOW)
    sent = json.dumps(asked(prefetch=PATIENT)).encode()
    kept: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            kept.append(sum(each.stat().st_size for each in tmp_path.glob("*.journal")))

    async def call() -> None:
        async with app.router.lifespan_context(app):
            await app(
                {
                    "type": "http",
                    "method": "POST",
                    "path": SERVICE,
                    "raw_path": SERVICE.encode(),
                    "query_string": b"",
                    "headers": [(b"content-type", b"application/json")],
                },
                receive,
                send,
            )

    asyncio.run(call())
    assert len(kept) == 1
    assert kept[0] > 0


def test_words_of_an_exception_are_not_logged() -> None:
    """The web server logs what it did not expect, with the exception; its words may quote a request."""
    script = """
import logging
from cds.operations import logs

logs.configure()
try:
    int("DUPONT")
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["exception"], line["level"], line["logger"]) == ("ValueError", "error", "uvicorn.error")
    assert b"DUPONT" not in done.stdout + done.stderr
