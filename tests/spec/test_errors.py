"""R8, on a real server: every way to be refused, one shape, and nothing of the request in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cds.settings import Settings
from scripts.wire import pinned, text
from tests.serving import serving
from tests.unit.hooks.requests_by_hand import asked, body

PATH = "/cds-services/soft-tissue-calcification"
JSON = {"content-type": "application/json"}
LIMIT = 100_000


@pytest.fixture(scope="module")
def limited() -> Iterator[httpx.Client]:
    with serving(Settings(body_limit=LIMIT)) as client:
        yield client


def outcome(reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/fhir+json"
    resource: dict[str, Any] = reply.json()
    assert resource.keys() == {"resourceType", "issue"}
    assert resource["resourceType"] == "OperationOutcome"
    (issue,) = resource["issue"]
    assert issue.keys() == {"severity", "code", "diagnostics"}
    for never in ("DUPONT", "Traceback", 'File "', ".py", "site-packages"):
        assert never not in reply.text
    return str(issue["diagnostics"])


DEEP = b"[" * 40_000 + b"]" * 40_000

BAD_BODIES: list[tuple[str, bytes, int]] = [
    ("nothing", b"", 400),
    ("no JSON", b"DUPONT", 400),
    ("half a body", body()[:-5], 400),
    ("an array", b"[]", 400),
    ("a byte-order mark", b"\xef\xbb\xbf" + body(), 400),
    ("UTF-16", body().decode().encode("utf-16"), 400),
    ("Latin-1", body(unknown="e").replace(b'"e"', b'"\xe9"'), 400),
    ("NaN", body(prefetch={"x": 1}).replace(b": 1}", b": NaN}"), 400),
    ("Infinity", body(prefetch={"x": 1}).replace(b": 1}", b": Infinity}"), 400),
    ("deep nesting in the prefetch", body(prefetch={"x": 1}).replace(b": 1}", b": " + DEEP + b"}"), 400),
    ("deep nesting elsewhere", body(x=1).replace(b": 1}", b": " + DEEP + b"}"), 400),
    ("a hook twice", body().replace(b'"hook":', b'"hook": "DUPONT", "hook":'), 400),
    ("a patient twice", body().replace(b'"patientId":', b'"patientId": "DUPONT", "patientId":'), 400),
    ("a prefetch key twice", body(prefetch={"x": 1}).replace(b'"x":', b'"x": "DUPONT", "x":'), 400),
    ("no hook", body(hook=None), 400),
    ("a wrong hook", body("order-sign"), 400),
    ("an unknown hook", body("DUPONT"), 400),
    ("no instance", body(hookInstance=None), 400),
    ("a wrong instance", body(hookInstance="DUPONT"), 400),
    ("no context", body(context=None), 400),
    ("a context that is none", body(context="DUPONT"), 400),
    ("a malformed patient", body(context={"patientId": ["DUPONT"], "userId": "x"}), 400),
    ("a malformed user", body(context={"patientId": "DUPONT", "userId": 7}), 400),
    ("a malformed encounter", body(context={"patientId": "DUPONT", "userId": "x", "encounterId": {}}), 400),
    ("a malformed prefetch", body(prefetch=["DUPONT"]), 400),
    ("no patient", body(context={"userId": "x"}), 412),
    ("too much", b" " * (LIMIT + 1), 413),
]


@pytest.mark.clause("R8")
@pytest.mark.parametrize(("sent", "status"), [row[1:] for row in BAD_BODIES], ids=[row[0] for row in BAD_BODIES])
def test_a_bad_body_gets_a_clear_answer(limited: httpx.Client, sent: bytes, status: int) -> None:
    assert outcome(limited.post(PATH, content=sent, headers=JSON), status)


@pytest.mark.clause("R8")
@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/cds-services/DUPONT", JSON, 404),
        ("POST", "/cds-services/DUPONT/feedback", JSON, 404),
        ("POST", PATH + "/", JSON, 404),
        ("GET", "/", {}, 404),
        ("GET", "/DUPONT?DUPONT=DUPONT", {}, 404),
        ("GET", PATH, {}, 405),
        ("POST", "/cds-services", JSON, 405),
        ("PATCH", "/cds-services", JSON, 405),
        ("POST", PATH, {"content-type": "text/plain"}, 415),
        ("POST", PATH, {"content-type": "application/json; charset=latin-1"}, 415),
        ("POST", PATH, {"content-type": "application/x-www-form-urlencoded"}, 415),
        ("POST", PATH, {**JSON, "content-encoding": "gzip"}, 415),
    ],
)
def test_a_bad_call_gets_a_clear_answer(
    service: httpx.Client, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    content = body() if method != "GET" else None
    assert outcome(service.request(method, path, content=content, headers=headers), status)


@pytest.mark.clause("R8")
def test_a_body_without_an_announced_length_is_limited_too(limited: httpx.Client) -> None:
    """Chunked: the answer comes although the client would go on, and the next request is answered."""
    outcome(limited.post(PATH, content=iter([b" " * 10_000] * 50), headers=JSON), 413)
    assert limited.get("/cds-services").status_code == 200


@pytest.mark.clause("R8")
@pytest.mark.parametrize(
    "prefetch",
    [
        {"patient": "DUPONT"},
        {"patient": 7, "conditions": [], "laboratory": True},
        {"conditions": {"resourceType": "DUPONT"}},
        {"conditions": {"resourceType": "Bundle", "entry": "DUPONT"}},
        {"conditions": {"resourceType": "Bundle", "entry": [None, 7, "DUPONT", {}, {"resource": None}]}},
        {"conditions": {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition", "code": 7}}]}},
        {"laboratory": {"resourceType": "Observation", "valueQuantity": {"value": "DUPONT"}, "code": {"coding": 7}}},
    ],
)
def test_data_that_cannot_be_read_are_no_error(service: httpx.Client, prefetch: dict[str, Any]) -> None:
    assert service.post(PATH, json=asked(prefetch=prefetch)).status_code == 200


@pytest.mark.clause("R8")
def test_nothing_of_a_patient_is_logged(service: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for sent in (row[1] for row in BAD_BODIES if b"DUPONT" in row[1]):
            service.post(PATH, content=sent, headers=JSON)
        known = asked(context={"patientId": "DUPONT", "userId": "Practitioner/DUPONT"})
        service.post(PATH, json={**known, "prefetch": {"patient": {"resourceType": "Patient", "id": "DUPONT"}}})
    assert "DUPONT" not in caplog.text


def test_the_documents_are_pinned() -> None:
    for file, document in pinned().items():
        assert json.loads(file.read_text(encoding="utf-8")) == json.loads(text(document)), (
            "run `python -m scripts.wire`"
        )
