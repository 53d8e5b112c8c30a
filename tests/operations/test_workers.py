"""Several processes of the service keep to one agreement."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.process import Process, running
from tests.signing import BASE, ISSUER, authorization, claims, jwk, token
from tests.unit.hooks.requests_by_hand import asked
from tests.unit.trust.test_clients import write

pytestmark = pytest.mark.slow

SERVICE = "/cds-services/soft-tissue-calcification"
SILENT = "calcification-cds.suppressed"


def test_workers_keep_the_limit_of_a_client_together(tmp_path: Path) -> None:
    """One call a second, two at once: that is so of a client which is there from the start, and of one that comes later."""
    agreed = {"requests_per_second": 1, "jwks": {"keys": [jwk("ES384")]}}
    first = {"name": "metz", "iss": ISSUER, **agreed}
    clients = tmp_path / "clients.yaml"
    write(clients, first)
    environment = {
        "CDS_CLIENTS": str(clients),
        "CDS_PUBLIC_URLS": BASE,
        "CDS_STATE_FOLDER": str(tmp_path / "state"),
    }
    with running(environment, "--workers", "4") as service:
        assert_kept(service, ISSUER)
        write(clients, first, {"name": "nancy", "iss": "https://nancy.example", **agreed})
        time.sleep(2)  # each worker looks after one second
        assert_kept(service, "https://nancy.example")


def assert_kept(service: Process, issuer: str) -> None:
    """However long the calls take: no more are let in than the time allows, and no less than may come at once."""
    calls = 80
    now = time.time()
    sent = [authorization(token(claims(now, iss=issuer))) for _ in range(calls)]

    def ask(headers: dict[str, str]) -> int:
        """Over a new connection: the kernel chooses the worker."""
        body = asked(prefetch={"patient": {"resourceType": "Patient", "id": "p"}})
        return httpx.post(service.base + SERVICE, json=body, headers=headers, trust_env=False, timeout=60).status_code

    began = time.monotonic()
    with ThreadPoolExecutor(8) as at_once:
        told = list(at_once.map(ask, sent))
    passed = time.monotonic() - began
    assert set(told) == {200, 429}
    assert 2 <= told.count(200) <= 2 + passed


def test_processes_keep_the_limit_of_a_card_together(tmp_path: Path) -> None:
    """What one showed often enough on this day the other does not show any more; nor does one that is started then."""
    rules = tmp_path / "rules"
    rules.mkdir()
    often = 300
    (rules / "suppression.yaml").write_text(f"most-a-day: [{{id: C-HDARTH, times: {often}}}]\n", encoding="utf-8")
    environment = {
        "CDS_STATE_FOLDER": str(tmp_path / "state"),
        "CDS_RULES_FOLDER": str(rules),
        "CDS_DEMO": "true",
    }
    with running(environment) as one, running(environment) as other:
        assert silent(other) == set()
        assert times_until_silent(one, often) <= often
        assert times_until_silent(other, often // 2, pause=0.3) < often // 2, "by itself it would show it longer"
        with running(environment) as third:
            assert times_until_silent(third, often // 2, pause=0.3) < often // 2


def times_until_silent(service: Process, most: int, pause: float = 0) -> int:
    """How often the card was shown before it was silent; `most` where it is not."""
    for number in range(most):
        if silent(service) == {"C-HDARTH"}:
            return number
        time.sleep(pause)
    return most


def silent(service: Process) -> set[str]:
    with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
        request = client.get("/demo/metastatic-dialysis").json()
        answer = client.post(SERVICE, json=request).json()
    return {each["card"] for each in answer["extension"].get(SILENT, ()) if each["reason"] == "often"}
