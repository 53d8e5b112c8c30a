"""The reverse proxy as docs/security.md shows it, in front of the service as a site runs it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from cds.settings import Settings
from cds.trust.tokens import LONGEST
from tests.clients.peers import require
from tests.operations.nginx import HOST, Proxy, nginx
from tests.process import running
from tests.signing import ISSUER, authorization, claims, jwk, token
from tests.unit.hooks.requests_by_hand import asked
from tests.unit.trust.test_clients import write

pytestmark = pytest.mark.slow

PUBLIC = f"https://{HOST}"
SERVICE = "/cds-services/soft-tissue-calcification"
JSON = {"Content-Type": "application/json"}
FIGURES = "Zyx"
BODY: dict[str, Any] = asked(prefetch={"patient": {"resourceType": "Patient", "id": "p"}})
LIMIT = Settings.model_fields["body_limit"].default


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("proxy")
    write(folder / "clients.yaml", {"name": "metz", "iss": ISSUER, "jwks": {"keys": [jwk("ES384")]}})
    environment = {
        "CDS_CLIENTS": str(folder / "clients.yaml"),
        "CDS_PUBLIC_URLS": PUBLIC,
        "CDS_STATE_FOLDER": str(folder / "state"),
        "CDS_METRICS_TOKEN": FIGURES,
        "CDS_DEMO": "true",
    }
    with running(environment) as service, ExitStack() as stack:
        with require():
            proxy = stack.enter_context(nginx(folder, service.base))
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    with proxy.client() as client:
        yield client


def signed(path: str = SERVICE, **changed: Any) -> dict[str, str]:
    return authorization(token(claims(time.time(), aud=PUBLIC + path, **changed)))


def test_discovery_a_call_and_its_feedback_go_through(client: httpx.Client) -> None:
    """The audience is the public URL, though the service itself hears of another host."""
    services = client.get("/cds-services").json()["services"]
    assert SERVICE.rpartition("/")[2] in {each["id"] for each in services}
    once = signed()
    answered = client.post(SERVICE, json=BODY, headers=once)
    assert answered.status_code == 200
    items = [{"card": each["uuid"], "outcome": "overridden"} for each in answered.json()["cards"]]
    sent = client.post(f"{SERVICE}/feedback", json={"feedback": items}, headers=signed(f"{SERVICE}/feedback"))
    assert (sent.status_code, sent.json()) == (200, {})
    again = client.post(SERVICE, json=BODY, headers=once)
    assert (again.status_code, again.json()["resourceType"]) == (401, "OperationOutcome")
    assert client.post(SERVICE, json=BODY).status_code == 401


def test_a_machine_without_a_certificate_reaches_nothing(proxy: Proxy) -> None:
    with proxy.client(certificate=False) as stranger:
        for reply in (stranger.get("/cds-services"), stranger.post(SERVICE, json=BODY, headers=signed())):
            assert reply.status_code == 400
            assert "services" not in reply.text


INSIDE = ["/metrics", "/health/live", "/health/ready", "/openapi.json", "/demo/metastatic-dialysis", "/"]
WAYS = [
    "{}",
    "/cds-services/..{}",
    "/cds-services/../..{}",
    "/cds-services/%2e%2e{}",
    "/cds-services/..%2f..{}",
    "/cds-services%2f..{}",
    "/cds-services/./../{}",
    "/cds-services\\..{}",
    "//{}",
    "http://127.0.0.1{}",
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", INSIDE)
def test_what_is_for_those_inside_is_not_reached(proxy: Proxy, path: str, way: str) -> None:
    connection = proxy.connection()
    connection.putrequest("GET", way.format(path), skip_host=True)
    connection.putheader("Host", HOST)
    connection.putheader("Authorization", f"Bearer {FIGURES}")
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status in (400, 404)
    assert not re.search(rb"cds_call|alive|ready|openapi|prefetch", reply.read())
    connection.close()


def test_the_limits_of_a_body_agree(client: httpx.Client) -> None:
    """The largest body is answered; of a larger one the service says so, and of a much larger one the proxy."""
    written = json.dumps(BODY).encode()
    for more, status in ((0, 200), (1, 413), (600_000, 413), (2 << 20, 413)):
        padded = written + b" " * (LIMIT - len(written) + more)
        reply = client.post(SERVICE, content=padded, headers={**JSON, **signed()})
        assert reply.status_code == status
        assert (reply.headers["content-type"] == "application/fhir+json") == (more in (1, 600_000))


def test_the_longest_token_goes_through(client: httpx.Client) -> None:
    def padded(length: int) -> dict[str, str]:
        return signed(extra="x" * length)

    shortest = len(padded(0)["Authorization"])
    headers = padded((LONGEST - shortest) * 3 // 4)
    assert LONGEST - 16 < len(headers["Authorization"]) - len("Bearer ") <= LONGEST
    assert client.post(SERVICE, json=BODY, headers=headers).status_code == 200


def test_clients_that_keep_to_what_was_agreed_are_let_through(proxy: Proxy) -> None:
    """Of a client with the default limits so many may come at once."""
    connections = [proxy.connection() for _ in range(150)]
    for each in connections:
        each.connect()
    for each in connections:
        each.request("GET", "/cds-services", headers={"Host": HOST})
    assert [each.getresponse().status for each in connections] == [200] * len(connections)
    for each in connections:
        each.close()
