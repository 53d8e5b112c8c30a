"""Whatever the OpenAPI document describes is answered as it says; whatever it does not describe is refused (R8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from cds.errors import PreconditionFailed
from cds.settings import Settings
from tests.serving import serving
from tests.signing import BASE, ISSUER, authorization, claims, jwk, token

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"

CALM = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with one client, whose tokens the tests sign."""
    folder = tmp_path_factory.mktemp("guarded")
    clients = folder / "clients.yaml"
    agreed = f"requests_per_second: 100000, jwks: {{keys: [{jwk('ES384')}]}}"
    clients.write_text(f"clients: [{{name: metz, iss: {ISSUER}, {agreed}}}]", encoding="utf-8")
    with serving(Settings(clients=clients, public_urls=(BASE,), state_folder=folder / "state")) as client:
        yield client


schema = schemathesis.openapi.from_path(DOCUMENT)


def check(case: Any, client: httpx.Client, **headers: str) -> None:
    reply = case.call(base_url=str(client.base_url), headers=headers)
    if reply.status_code != PreconditionFailed.status:  # a missing patient; schemathesis does not count it as a refusal
        case.validate_response(reply)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=150, **CALM)
def test_the_wire_is_as_described(case: Any, guarded: httpx.Client) -> None:
    """With a token of its own for each call; without one, and with a wrong one, the same call is refused."""
    check(case, guarded, **authorization(token(claims(aud=BASE + case.operation.path))))


@pytest.mark.slow
def test_the_wire_is_as_described_where_nobody_is_asked(service: httpx.Client) -> None:
    """What such a service says of itself: the same calls, without a token."""
    described = schemathesis.openapi.from_dict(service.get("/openapi.json").json())
    for found in described.get_all_operations():

        @given(case=found.ok().as_strategy())
        @settings(max_examples=150, **CALM)
        def answered(case: Any) -> None:
            check(case, service)

        answered()
