"""The protocol around a consultation that is written here: every path, every error, one shape."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from cds.app import assemble
from cds.errors import ANSWERED, OF_TRUST, KnowledgeError, PreconditionFailed
from cds.hooks.calls import Answer, Call
from cds.hooks.models import Card, Coding, Response, Source
from cds.hooks.services import Service
from cds.settings import Settings
from tests.unit.app.local import local
from tests.unit.hooks.requests_by_hand import asked, body

SERVICE = Service(
    "echo", "Echo", "Says *what* was asked.", ("patient-view", "encounter-start"), prefetch={"patient": "Patient/1"}
)
JSON = {"content-type": "application/json"}


async def echo(call: Call) -> Answer:
    """Answers with what it understood; fails as the caller wishes."""
    match call.request.context.patient_id:
        case "unknown":
            raise PreconditionFailed("nothing was sent")
        case "DUPONT":
            raise ValueError("DUPONT is no number")
    topic = Coding(code=call.request.hook, display=call.language)
    source = Source(label=call.service.id, topic=topic)
    return Answer(Response(cards=[Card(uuid="u", summary="s", indicator="info", source=source)]))


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    settings = Settings(body_limit=2000, cors_origins=("https://ehr.example",), language="fr")
    with local(assemble([SERVICE], echo, settings)) as client:
        yield client


def outcome(reply: httpx.Response, status: int) -> str:
    """The diagnostics of an error, after its shape was checked."""
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/fhir+json"
    resource = reply.json()
    assert resource.keys() == {"resourceType", "issue"}
    assert resource["resourceType"] == "OperationOutcome"
    (issue,) = resource["issue"]
    assert issue.keys() == {"severity", "code", "diagnostics"}
    assert issue["severity"] == "error"
    assert "DUPONT" not in reply.text
    return str(issue["diagnostics"])


def test_a_call_is_answered_in_the_language_of_the_caller_or_of_the_setting(client: httpx.Client) -> None:
    for header, language in (("en", "en"), ("de", "fr")):
        reply = client.post("/cds-services/echo", json=asked(), headers={"accept-language": header})
        assert reply.json() == {
            "cards": [
                {
                    "uuid": "u",
                    "summary": "s",
                    "indicator": "info",
                    "source": {"label": "echo", "topic": {"code": "patient-view", "display": language}},
                }
            ]
        }
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["content-language"] == language
        assert reply.headers["cache-control"] == "no-store"
        assert int(reply.headers["content-length"]) == len(reply.content)


def test_discovery_lists_the_service_once_per_hook(client: httpx.Client) -> None:
    services = client.get("/cds-services").json()["services"]
    assert [(each["id"], each["hook"], each["hookVersion"]) for each in services] == [
        ("echo", "patient-view", "1.0"),
        ("echo", "encounter-start", "1.0"),
    ]
    assert client.head("/cds-services").status_code == 200


NOT_FOUND = ["/", "/cds-services/", "/cds-services/echo/feedback", "/cds-services/echo/", "/docs", "/redoc", "/DUPONT"]


@pytest.mark.parametrize("path", NOT_FOUND)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_paths(client: httpx.Client, method: str, path: str) -> None:
    outcome(client.request(method, path, follow_redirects=False), 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/cds-services", {"GET", "HEAD"}),
        ("DELETE", "/cds-services", {"GET", "HEAD"}),
        ("GET", "/cds-services/echo", {"POST"}),
        ("PUT", "/cds-services/echo", {"POST"}),
        ("OPTIONS", "/cds-services/echo", {"POST"}),
    ],
)
def test_unknown_methods(client: httpx.Client, method: str, path: str, allow: set[str]) -> None:
    reply = client.request(method, path)
    outcome(reply, 405)
    assert set(reply.headers["allow"].split(", ")) == allow


BAD: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("unknown id", body(), {"path": "/cds-services/DUPONT"}, 404, "no service with this id"),
    ("media type", body(), {"content-type": "text/plain"}, 415, "application/json"),
    ("character set", body(), {"content-type": "application/json; charset=latin-1"}, 415, "UTF-8"),
    ("compressed", body(), {**JSON, "content-encoding": "gzip"}, 415, "compressed"),
    ("too large", b" " * 2001, JSON, 413, "2000 bytes"),
    ("no JSON", b"DUPONT", JSON, 400, "JSON"),
    ("wrong hook", body("order-sign"), JSON, 400, "patient-view, encounter-start"),
    ("unknown hook", body("DUPONT"), JSON, 400, "patient-view, encounter-start"),
    ("malformed context", body(context={"patientId": "p", "userId": 7}), JSON, 400, "`context.userId`"),
    ("no patient", body(context={"userId": "Practitioner/1"}), JSON, 412, "`context.patientId`"),
    ("nothing to say", body(context={"patientId": "unknown", "userId": "x"}), JSON, 412, "nothing was sent"),
]


@pytest.mark.parametrize(
    ("sent", "headers", "status", "complaint"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_bad_input_gets_a_clear_answer(
    client: httpx.Client, sent: bytes, headers: dict[str, str], status: int, complaint: str
) -> None:
    path = headers.get("path", "/cds-services/echo")
    headers = {**JSON, **{name: value for name, value in headers.items() if name != "path"}}
    assert complaint in outcome(client.post(path, content=sent, headers=headers), status)


def test_a_chunked_body_is_limited_too(client: httpx.Client) -> None:
    reply = client.post("/cds-services/echo", content=iter([b" " * 1000] * 9), headers=JSON)
    assert "2000 bytes" in outcome(reply, 413)


def test_a_defect_tells_the_caller_nothing_and_the_log_only_where(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = client.post("/cds-services/echo", json=asked(context={"patientId": "DUPONT", "userId": "x"}))
    outcome(reply, 500)
    assert "ValueError at echo:" in caplog.text
    assert "DUPONT" not in caplog.text


def test_a_configured_origin_may_call(client: httpx.Client) -> None:
    origin = {"origin": "https://ehr.example"}
    asking = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for path in ("/cds-services", "/cds-services/echo", "/cds-services/echo/feedback"):
        preflight = client.options(path, headers=asking)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://ehr.example"
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    replies = [
        client.get("/cds-services", headers=origin),
        client.post("/cds-services/echo", json=asked(), headers=origin),
        client.post("/cds-services/echo", content=b"{", headers={**JSON, **origin}),
        client.post("/cds-services/echo", json=asked(context={"patientId": "DUPONT", "userId": "x"}), headers=origin),
    ]
    assert [each.status_code for each in replies] == [200, 200, 400, 500]
    for each in replies:
        assert each.headers["access-control-allow-origin"] == "https://ehr.example"
        assert each.headers["vary"] == "Origin"


def test_another_origin_is_answered_without_leave_to_read(client: httpx.Client) -> None:
    stranger = {"origin": "https://stranger.example", "access-control-request-method": "POST"}
    for reply in (
        client.get("/cds-services", headers=stranger),
        client.options("/cds-services/echo", headers=stranger),
    ):
        assert not [name for name in reply.headers if name.startswith("access-control")]
    assert client.get("/openapi.json", headers={"origin": "https://ehr.example"}).headers.get("vary") is None


def test_every_origin_may_be_let_in() -> None:
    with local(assemble([SERVICE], echo, Settings(cors_origins=("*",)))) as client:
        reply = client.get("/cds-services", headers={"origin": "https://any.example"})
    assert reply.headers["access-control-allow-origin"] == "https://any.example"


def test_the_openapi_document_names_every_answer(client: httpx.Client) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    call = document["paths"]["/cds-services/echo"]["post"]
    assert set(call["responses"]) == {"200"} | {str(error.status) for error in ANSWERED if error not in OF_TRUST}
    assert document["paths"].keys() == {"/cds-services", "/cds-services/echo"}
    requests = call["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    schemas = document["components"]["schemas"]
    hooks = {schemas[each["$ref"].rpartition("/")[2]]["properties"]["hook"]["const"] for each in requests}
    assert hooks == {"patient-view", "encounter-start"}
    assert set(call["responses"]["400"]["content"]) == {"application/fhir+json"}


def test_the_openapi_document_says_where_a_token_is_asked_for(client: httpx.Client) -> None:
    """Of the calls, and not of discovery; and who is refused for it. Where nobody is asked, nothing of all that."""

    async def keep(*_: object) -> None:
        return

    class Gate:
        def __init__(self, endpoint: ASGIApp) -> None:
            self._endpoint = endpoint

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self._endpoint(scope, receive, send)

    open_to_all = client.get("/openapi.json").json()
    with local(assemble([SERVICE], echo, Settings(), guard=Gate, keep=keep)) as asked_who_it_is:
        guarded = asked_who_it_is.get("/openapi.json").json()
    schemes = guarded["components"]["securitySchemes"]
    assert [(each["type"], each["scheme"], each["bearerFormat"]) for each in schemes.values()] == [
        ("http", "bearer", "JWT")
    ]
    assert "security" not in guarded["paths"]["/cds-services"]["get"]
    for path in ("/cds-services/echo", "/cds-services/echo/feedback"):
        call = guarded["paths"][path]["post"]
        assert call["security"] == [{name: [] for name in schemes}]
        assert {str(error.status) for error in OF_TRUST} < set(call["responses"])
        assert call["responses"]["401"]["headers"].keys() == {"WWW-Authenticate"}
        assert call["responses"]["429"]["headers"].keys() == {"Retry-After"}
    assert "securitySchemes" not in open_to_all["components"]
    assert not [each for each in open_to_all["paths"].values() if "security" in each.get("post", {})]


def test_the_openapi_document_promises_no_empty_value(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    sent = json.dumps({name: schemas[name] for name in ("Response", "Card", "Suggestion", "Action", "ServiceEntry")})
    assert "null" not in sent
    assert '""' not in sent


def test_what_is_not_for_http_clients_is_not_a_request_error() -> None:
    assert KnowledgeError not in ANSWERED
