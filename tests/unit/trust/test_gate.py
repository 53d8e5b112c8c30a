"""The order of the checks, and what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cds.app import assemble
from cds.errors import CdsError
from cds.hooks.calls import ANONYMOUS, CALLER, Answer, Call, Caller
from cds.hooks.models import Response
from cds.hooks.services import Service
from cds.settings import Settings
from cds.trust.gate import Gate
from tests.clock import NOW
from tests.signing import AUDIENCE, BASE, authorization, claims, jwk, private_key, raw_token, token
from tests.unit.app.local import local
from tests.unit.hooks.requests_by_hand import asked
from tests.unit.trust.test_clients import write

SERVICES = ("soft-tissue-calcification", "chronic-venous-insufficiency")
PATH = "/cds-services/soft-tissue-calcification"
HEADER = json.dumps({"alg": "ES384", "kid": "ES384", "typ": "JWT"})
ISS = {"iss": "https://metz.example"}


class Site:
    """A service that answers nothing but who called, behind a gate with one client."""

    def __init__(self, folder: Path, **client: Any) -> None:
        file = folder / "clients.yaml"
        write(file, {"name": "metz", **ISS, "jwks": {"keys": [jwk("ES384")]}, **client})
        settings = Settings(clients=file, public_urls=(BASE,), state_folder=folder / "state")
        self.turned_away: list[tuple[str, str]] = []
        self.callers: list[Caller] = []
        gate = Gate.opened(settings, lambda: NOW, SERVICES, observe=lambda *told: self.turned_away.append(told))
        assert gate is not None
        self.gate = gate
        app = assemble(
            [Service(each, each, each, ("patient-view",)) for each in SERVICES], self, settings, guard=gate.guard
        )
        app.router.routes.append(
            Route("/cds-services/{service_id}/feedback", gate.guard(_Feedback()), methods=["POST"])
        )
        self.client = local(app)

    async def __call__(self, call: Call) -> Answer:
        self.callers.append(call.caller)
        if call.request.context.patient_id == "crash":
            raise ValueError
        return Answer(Response(cards=[]))

    def ask(self, text: str, path: str = PATH, patient: str = "p") -> httpx.Response:
        body = asked(context={"patientId": patient, "userId": "Practitioner/1"})
        return self.client.post(path, json=body, headers=authorization(text))


class _Feedback:
    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        assert scope[CALLER].name == "metz"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


Made = Callable[..., Site]


@pytest.fixture
def site(tmp_path: Path) -> Made:
    return lambda **client: Site(tmp_path, **client)


def signed(**changed: Any) -> str:
    return token(claims(**{**ISS, **changed}))


def test_the_caller_walks_with_the_call(site: Made) -> None:
    made = site(language="fr", system_actions=True, fhir_servers=["https://ehr.example/fhir/"], services=list(SERVICES))
    assert made.ask(signed()).status_code == 200
    assert made.callers == [Caller("metz", "fr", frozenset(SERVICES), ("https://ehr.example/fhir",), True)]
    assert made.turned_away == []


def test_without_clients_there_is_no_gate_and_the_caller_is_anonymous() -> None:
    assert Gate.opened(Settings(), lambda: NOW, SERVICES) is None
    callers = []

    async def consult(call: Call) -> Answer:
        callers.append(call.caller)
        return Answer(Response(cards=[]))

    with local(assemble([Service("echo", "e", "e", ("patient-view",))], consult, Settings())) as client:
        assert client.post("/cds-services/echo", json=asked()).status_code == 200
    assert callers == [ANONYMOUS]


def test_whoever_counts_is_told_the_reason(site: Made) -> None:
    made = site(services=["soft-tissue-calcification"])
    once = signed()
    made.ask(once)
    for text in (
        once,
        "x",
        signed(exp=1),
        token(claims()),
        signed(aud=BASE),
        token(claims(**ISS), key=private_key("ES384", "x")),
    ):
        assert made.ask(text).status_code == 401
    venous = PATH.replace("soft-tissue-calcification", "chronic-venous-insufficiency")
    assert made.ask(signed(aud=BASE + venous), venous).status_code == 403
    assert made.turned_away == [
        ("replayed", "metz"),
        ("malformed", ""),
        ("expired", "metz"),
        ("issuer", ""),
        ("audience", "metz"),
        ("signature", "metz"),
        ("forbidden", "metz"),
    ]


def test_feedback_is_reached_with_its_own_url_or_that_of_its_service(site: Made) -> None:
    made = site()
    for audience in (f"{AUDIENCE}/feedback", AUDIENCE):
        assert made.ask(signed(aud=audience), PATH + "/feedback").status_code == 200
    assert made.ask(signed(aud=f"{AUDIENCE}/feedback")).status_code == 401
    assert made.ask(signed(aud=f"{AUDIENCE}/feedback/feedback"), PATH + "/feedback").status_code == 401
    assert made.ask("forged", PATH + "/feedback").status_code == 401


def test_too_many_calls_are_asked_to_wait_and_keep_their_token(site: Made) -> None:
    made = site(requests_per_second=0.001)
    assert made.ask(signed()).status_code == 200
    kept = signed()
    for _ in range(2):
        refused = made.ask(kept)
        assert refused.status_code == 429
        assert 900 <= int(refused.headers["retry-after"]) <= 1000
        assert refused.json()["issue"][0]["code"] == "throttled"
    assert made.turned_away == [("throttled", "metz")] * 2


def test_who_cannot_sign_cannot_use_up_the_limit_of_another(site: Made) -> None:
    made = site(requests_per_second=0.001)
    for _ in range(5):
        made.ask(token(claims(**ISS), key=private_key("ES384", "forger")))
    assert made.ask(signed()).status_code == 200


def test_a_call_that_fails_ends_like_any_other(site: Made) -> None:
    """Neither a crash, nor a refusal, nor a replay leaves a call running for ever."""
    made = site(concurrent_requests=1, services=["soft-tissue-calcification"])
    once = signed()
    assert made.ask(once).status_code == 200
    for _ in range(3):
        assert made.ask(once).status_code == 401
        assert made.ask(signed(), patient="crash").status_code == 500
        assert made.ask(signed(), patient="").status_code == 412
    assert made.ask(signed()).status_code == 200


def test_no_depth_of_nesting_breaks_anything(site: Made) -> None:
    """What is read once must not be too deep for whoever reads it next."""
    made = site()
    for depth in range(700, 1000, 4):
        nested = json.dumps({**claims(**ISS), "x": 0})[:-2] + "[" * depth + "]" * depth + "}"
        assert made.ask(raw_token(HEADER, nested, key=private_key("ES384", "forger"))).status_code == 401


def test_the_answer_is_the_same_whatever_was_wrong(site: Made) -> None:
    made = site()
    replies = [made.ask(text) for text in ("x", signed(exp=1), token(claims()), signed(aud=BASE))]
    assert len({(each.status_code, each.content, each.headers["www-authenticate"]) for each in replies}) == 1


@pytest.mark.anyio
async def test_nothing_but_our_own_errors_leaves_the_gate(site: Made) -> None:
    sent = [(b"authorization", b"Bearer \xff.\xff.\xff")]
    with pytest.raises(CdsError):
        await site().gate.admit({"path": PATH, "path_params": {"service_id": "x"}, "headers": sent})
