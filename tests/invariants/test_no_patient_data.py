"""Invariant 3: no patient datum, no token in any log line or error body."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.cli import main
from tests.ehr import consult, request_body
from tests.stories.telling import demo_record, order_demos, read

SECRET = "Zyxwvut"
SERVICE = "/cds-services/soft-tissue-calcification"


def marked(value: Any) -> Any:
    """`value` with the secret in every string that is no word of FHIR."""
    if isinstance(value, dict):
        return {key: each if key in _KEPT else marked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [marked(each) for each in value]
    return f"{SECRET} {value}" if isinstance(value, str) else value


_KEPT = {
    "resourceType",
    "reference",
    "system",
    "code",
    "status",
    "id",
    "effectiveDateTime",
    "birthDate",
    "gender",
    "unit",
}


def valid(service: httpx.Client) -> dict[str, Any]:
    advertised = service.get("/cds-services").json()["services"]
    return request_body(
        demo_record("metastatic-dialysis"), next(each for each in advertised if each["hook"] == "patient-view")
    )


BAD: dict[str, Any] = {
    "not JSON": f'{{"{SECRET}": ',
    "a list": json.dumps([SECRET]),
    "a word": json.dumps(SECRET),
    "empty": "",
    "no hook": json.dumps({"hookInstance": SECRET}),
    "wrong hook": json.dumps(
        {"hook": SECRET, "hookInstance": SECRET, "context": {"patientId": SECRET, "userId": SECRET}}
    ),
    "wrong context": json.dumps({"hook": "patient-view", "hookInstance": SECRET, "context": SECRET}),
    "a number for a patient": json.dumps(
        {"hook": "patient-view", "hookInstance": SECRET, "context": {"userId": SECRET, "patientId": 1}}
    ),
    "wrong prefetch": json.dumps(
        {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": f"Practitioner/{SECRET}", "patientId": SECRET},
            "prefetch": SECRET,
        }
    ),
    "no number": f'{{"hook": "patient-view", "{SECRET}": NaN}}',
    "a key twice": f'{{"hook": "patient-view", "hook": "{SECRET}"}}',
    "deep": "[" * 100_000 + f'"{SECRET}"' + "]" * 100_000,
    "half a character": '{"hook": "\\ud800' + SECRET + '"}',
}


@pytest.fixture
def silent(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Any:
    """Asserts afterwards that nothing said the secret."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.WARNING, logger=name)
    yield
    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.usefixtures("silent")
def test_a_patient_leaves_no_trace_in_the_log(service: httpx.Client) -> None:
    record = demo_record("metastatic-dialysis")
    record.resources = [each if each["resourceType"] == "Patient" else marked(each) for each in record.resources]
    assert {each.status for each in consult(service, record)} == {200}


@pytest.mark.usefixtures("silent")
def test_a_draft_order_leaves_no_trace_in_the_log(service: httpx.Client) -> None:
    request = read(order_demos()["order-fluindione-black-eschar"])
    orders = marked(request["context"]["draftOrders"])
    broken = {"resourceType": "ServiceRequest", "id": "broken", "code": {"coding": SECRET}}
    orders["entry"].append({"resource": broken})
    request["context"]["draftOrders"] = orders
    reply = service.post("/cds-services/calcification-order-safety", json=request)
    assert reply.status_code == 200
    listed = reply.json()["extension"]["calcification-cds.evaluation"]["notUsed"]
    assert {"reference": "ServiceRequest/broken", "reason": "unreadable"} in listed


@pytest.mark.usefixtures("silent")
def test_a_token_leaves_no_trace(service: httpx.Client) -> None:
    body = valid(service)
    body["fhirServer"] = "https://ehr.example/fhir"
    body["fhirAuthorization"] = {
        "access_token": SECRET,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "user/*.read",
        "subject": "cds",
    }
    reply = service.post(SERVICE, json=body, headers={"Authorization": f"Bearer {SECRET}"})
    assert reply.status_code == 200
    assert SECRET not in reply.text


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_an_error_echoes_nothing(body: str, service: httpx.Client) -> None:
    reply = service.post(SERVICE, content=body.encode(), headers={"Content-Type": "application/json"})
    assert 400 <= reply.status_code < 500
    assert reply.json()["resourceType"] == "OperationOutcome"
    assert SECRET not in reply.text


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize(
    "path", [f"/cds-services/{SECRET}", f"/{SECRET}", f"/cds-services?{SECRET}=1", f"/cds-services/{SECRET}/feedback"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_wrong_path_is_not_echoed(method: str, path: str, service: httpx.Client) -> None:
    reply = service.request(method, path, content=b"{}", headers={"Content-Type": "application/json", "X-Name": SECRET})
    assert reply.status_code < 500
    assert SECRET not in reply.text


@pytest.mark.usefixtures("silent")
def test_a_wrong_media_type_is_not_echoed(service: httpx.Client) -> None:
    reply = service.post(SERVICE, content=SECRET.encode(), headers={"Content-Type": f"text/{SECRET}"})
    assert reply.status_code == 415
    assert SECRET not in reply.text


@pytest.mark.parametrize("body", [BAD[each] for each in ("not JSON", "wrong context", "deep")])
def test_the_command_line_echoes_nothing_of_a_broken_file(
    body: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "request.json"
    file.write_text(body, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["cds", "evaluate", str(file)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code not in (0, None)
    assert SECRET not in "".join(capfd.readouterr())
