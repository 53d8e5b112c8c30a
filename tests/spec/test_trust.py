"""S1 to S8: who may call. The service runs, the keys are real, and the attacks are what a forger would send."""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cds.settings import Settings
from tests.clock import NOW
from tests.serving import serving
from tests.signing import (
    AUDIENCE,
    BASE,
    ISSUER,
    KeyServer,
    authorization,
    claims,
    hmac_token,
    jwk,
    key_server,
    private_key,
    raw_token,
    token,
)
from tests.unit.hooks.requests_by_hand import asked

SERVICE = "/cds-services/soft-tissue-calcification"
VENOUS = "/cds-services/chronic-venous-insufficiency"
Headers = list[tuple[str, str]]
CLIENT = {"name": "metz", "iss": ISSUER, "algorithms": ["ES384", "RS384"]}
NOW_S = NOW.timestamp()


def settings(folder: Path, *clients: dict[str, Any], **others: Any) -> Settings:
    file = folder / "clients.yaml"
    file.write_text(yaml.safe_dump({"clients": list(clients)}), encoding="utf-8")
    return Settings(clients=file, public_urls=(BASE,), state_folder=folder / "state", **others)


def body() -> dict[str, Any]:
    """Everything was sent, and nothing is in it."""
    return asked(prefetch={"patient": {"resourceType": "Patient", "id": "p"}})


def ask(client: httpx.Client, text: str, path: str = SERVICE, **headers: str) -> httpx.Response:
    return client.post(path, json=body(), headers={**authorization(text), **headers})


@pytest.fixture(scope="module")
def keys() -> Iterator[KeyServer]:
    with key_server(jwk("ES384"), jwk("RS384"), jwk("ES256"), jwk("ES384", "old", kid="old")) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(keys: KeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service that knows two clients: one with a key server, one whose keys stand in the file."""
    folder = tmp_path_factory.mktemp("guarded")
    inline = {
        "name": "nancy",
        "iss": "https://nancy.example",
        "jwks": {"keys": [jwk("ES384", "nancy"), jwk("PS256", "nancy")]},
        "algorithms": ["ES384", "PS256"],
        "language": "fr",
        "services": ["soft-tissue-calcification"],
    }
    with serving(settings(folder, {**CLIENT, "jku": keys.url}, inline)) as client:
        yield client


@pytest.mark.clause("S1")
@pytest.mark.clause("S2")
@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_known_client_is_answered(guarded: httpx.Client, algorithm: str) -> None:
    assert ask(guarded, token(algorithm=algorithm)).status_code == 200


ACCEPTED: dict[str, Callable[[], str]] = {
    "key url that is configured": lambda: token(jku=KEYS[0]),
    "a tenant that nobody asked about": lambda: token(claims(tenant="north")),
    "type in small letters": lambda: token(typ="jwt"),
    "claims that mean nothing to us": lambda: token(claims(sub="x", nested={"a": [1, None]})),
    "headers about keys, which are not read": lambda: token(
        x5c=["AAAA"], x5u="https://evil.example", jwk=jwk("ES384", "forger")
    ),
    "one audience among several": lambda: token(claims(aud=["https://other.example", AUDIENCE])),
    "a clock that is 20 s ahead": lambda: token(claims(NOW_S + 20)),
    "a clock that is behind": lambda: token(claims(NOW_S - 320)),
    "not before now": lambda: token(claims(nbf=NOW_S)),
    "fractions of a second": lambda: token(claims(iat=NOW_S - 0.5, exp=NOW_S + 200.25)),
}
KEYS: list[str] = []


@pytest.mark.clause("S1")
@pytest.mark.parametrize("made", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_no_reason_to_refuse(guarded: httpx.Client, keys: KeyServer, made: Callable[[], str]) -> None:
    KEYS[:] = [keys.url]
    assert ask(guarded, made()).status_code == 200


def bearer(text: str) -> Headers:
    return list(authorization(text).items())


def public_pem() -> bytes:
    return private_key("RS384").as_pem(private=False)


def twice(name: str, value: Any) -> str:
    """A valid JSON object of claims, with one member more of the same name."""
    return json.dumps(claims())[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"


HEADER = json.dumps({"alg": "ES384", "kid": "ES384", "typ": "JWT"})


def unsigned(**header: Any) -> str:
    first, second, _ = token(**header).split(".")
    return f"{first}.{second}."


def with_claims(**changed: Any) -> Headers:
    return bearer(token(claims(**changed)))


def changed_payload() -> str:
    first, _, third = token().split(".")
    return f"{first}.{token(claims(iss=ISSUER)).split('.')[1]}.{third}"


ATTACKS: dict[str, tuple[str, str, Callable[[], Headers]]] = {
    # clause, reason in the log, what is sent
    "nothing": ("S1", "no-token", list),
    "an empty header": ("S1", "no-bearer", lambda: [("Authorization", "")]),
    "another scheme": ("S1", "no-bearer", lambda: [("Authorization", "Basic Y2RzOmNkcw==")]),
    "another spelling of the scheme": ("S1", "no-bearer", lambda: [("Authorization", f"bearer {token()}")]),
    "no token behind the scheme": ("S1", "no-bearer", lambda: [("Authorization", "Bearer")]),
    "two blanks": ("S1", "malformed", lambda: [("Authorization", f"Bearer  {token()}")]),
    "two tokens": ("S1", "two-tokens", lambda: [*bearer(token()), *bearer(token())]),
    "a good and a bad token": ("S1", "two-tokens", lambda: [*bearer(token()), ("Authorization", "Bearer x")]),
    "two tokens in one header": ("S1", "malformed", lambda: bearer(f"{token()}, Bearer {token()}")),
    "no JWS": ("S1", "malformed", lambda: bearer("abc")),
    "two segments": ("S1", "malformed", lambda: bearer(token().rpartition(".")[0])),
    "four segments": ("S1", "malformed", lambda: bearer(token() + ".AAAA")),
    "five segments, an encrypted token": ("S1", "malformed", lambda: bearer("a.b.c.d.e")),
    "padding": ("S1", "malformed", lambda: bearer(token() + "==")),
    "letters of another base64": ("S1", "malformed", lambda: bearer(token().replace("-", "+").replace("_", "/") + "+")),
    "JSON serialization": ("S1", "malformed", lambda: bearer('{"payload":"","protected":"","signature":""}')),
    "a huge token": ("S1", "too-long", lambda: bearer(token(claims(extra="x" * 20_000)))),
    "a huge header": ("S1", "too-long", lambda: bearer(token(x="x" * 20_000))),
    "a deep header": ("S1", "malformed", lambda: bearer(raw_token("[" * 3000 + "]" * 3000, "{}"))),
    "deep claims": ("S1", "malformed", lambda: bearer(raw_token(HEADER, '{"a":' * 500 + "[" * 2000))),
    "a header that is a list": ("S1", "malformed", lambda: bearer(raw_token("[]", "{}"))),
    "claims that are a text": ("S1", "malformed", lambda: bearer(raw_token(HEADER, '"x"'))),
    "a byte-order mark": ("S1", "malformed", lambda: bearer(raw_token(HEADER, "\ufeff{}"))),
    "a header member twice": (
        "S1",
        "member-twice",
        lambda: bearer(raw_token('{"alg":"none","alg":"ES384","kid":"ES384","typ":"JWT"}', json.dumps(claims()))),
    ),
    "a claim twice": ("S1", "member-twice", lambda: bearer(raw_token(HEADER, twice("iss", "https://evil.example")))),
    "no type": ("S1", "member-typ", lambda: bearer(token(typ=None))),
    "another type": ("S1", "type", lambda: bearer(token(typ="at+jwt"))),
    "no kid": ("S1", "member-kid", lambda: bearer(token(kid=None))),
    "a kid that is a number": ("S1", "member-kid", lambda: bearer(token(kid=1))),
    "no alg": ("S1", "member-alg", lambda: bearer(token(alg=None))),
    "critical extensions": ("S1", "critical", lambda: bearer(token(crit=["exp"]))),
    "a payload that is not encoded": ("S1", "critical", lambda: bearer(token(b64=False))),
    **{
        f"no {name}": ("S1", f"member-{name}", lambda name=name: with_claims(**{name: None}))
        for name in ("iss", "aud", "exp", "iat", "jti")
    },
    "an empty jti": ("S1", "member-jti", lambda: with_claims(jti="")),
    "a jti that is a number": ("S1", "member-jti", lambda: with_claims(jti=7)),
    "half a character": (
        "S1",
        "member-jti",
        lambda: bearer(raw_token(HEADER, json.dumps(claims(jti="X")).replace("X", "\\ud800"))),
    ),
    "an exp that is a text": ("S1", "member-exp", lambda: with_claims(exp=str(int(NOW_S) + 300))),
    "an exp that is true": ("S1", "member-exp", lambda: with_claims(exp=True)),
    "an exp without end": (
        "S1",
        "member-exp",
        lambda: bearer(raw_token(HEADER, twice("x", 1).replace(str(int(NOW_S) + 300), "1e999"))),
    ),
    "an exp that is no number": (
        "S1",
        "malformed",
        lambda: bearer(raw_token(HEADER, twice("x", 1).replace(str(int(NOW_S) + 300), "NaN"))),
    ),
    "no signature": ("S1", "malformed", lambda: bearer(unsigned())),
    "alg none": ("S2", "malformed", lambda: bearer(unsigned(alg="none"))),
    "alg none with a signature": ("S2", "algorithm", lambda: bearer(token(alg="none"))),
    "alg None": ("S2", "algorithm", lambda: bearer(token(alg="nOnE"))),
    "HMAC with the public key as secret": ("S2", "algorithm", lambda: bearer(hmac_token(public_pem(), kid="RS384"))),
    "HMAC with the public JWK as secret": (
        "S2",
        "algorithm",
        lambda: bearer(hmac_token(json.dumps(jwk("ES384")).encode())),
    ),
    "HMAC with an empty secret": ("S2", "algorithm", lambda: bearer(hmac_token(b"\0"))),
    "an algorithm that was not agreed": ("S2", "algorithm", lambda: bearer(token(algorithm="ES256"))),
    "an algorithm that nobody knows": ("S2", "algorithm", lambda: bearer(token(alg="ES384K"))),
    "a key of the wrong curve": (
        "S2",
        "key-unknown",
        lambda: bearer(token(alg="ES384", algorithm="ES256", kid="ES256")),
    ),
    "an RSA token that names the key of a curve": (
        "S2",
        "key-unknown",
        lambda: bearer(token(algorithm="RS384", kid="ES384")),
    ),
    "a curve's token that names an RSA key": ("S2", "key-unknown", lambda: bearer(token(kid="RS384"))),
    "a signature of RSA said to be of a curve": (
        "S2",
        "signature",
        lambda: bearer(raw_token(HEADER, json.dumps(claims()), "RS384")),
    ),
    "the key in the header": (
        "S3",
        "signature",
        lambda: bearer(token(key=private_key("ES384", "forger"), jwk=jwk("ES384", "forger"))),
    ),
    "another key of the client": ("S3", "signature", lambda: bearer(token(key=private_key("ES384", "old")))),
    "an unknown issuer": ("S3", "issuer", lambda: with_claims(iss="https://evil.example")),
    "an issuer with a slash": ("S3", "issuer", lambda: with_claims(iss=ISSUER + "/")),
    "the key of another client": ("S3", "signature", lambda: bearer(token(claims(iss="https://nancy.example")))),
    "a key url that is not on the list": (
        "S3",
        "key-url",
        lambda: bearer(token(jku=TRAP[0].url, key=private_key("ES384", "forger"))),
    ),
    "a key url of this machine": ("S3", "key-url", lambda: bearer(token(jku="http://127.0.0.1/jwks.json"))),
    "a key url of the metadata service": (
        "S3",
        "key-url",
        lambda: bearer(token(jku="http://169.254.169.254/latest/meta-data/")),
    ),
    "a key url that is a file": ("S3", "key-url", lambda: bearer(token(jku="file:///etc/passwd"))),
    "a key url that looks like ours": ("S3", "key-url", lambda: bearer(token(jku=KEYS[0] + "?"))),
    "a key url of a client that has none": (
        "S3",
        "key-url",
        lambda: bearer(token(claims(iss="https://nancy.example"), jku=KEYS[0])),
    ),
    **{
        f"a kid that is a {kind}": ("S3", "key-unknown", lambda kid=kid: bearer(token(kid=kid)))
        for kind, kid in {
            "path": "../../../../dev/null",
            "file": "/etc/hostname",
            "query": "' UNION SELECT 'x",
            "command": "x|/bin/true",
            "url": "https://evil.example/key",
            "long text": "k" * 1500,
            "byte of zero": "ES384\0",
        }.items()
    },
    "another service": ("S4", "audience", lambda: with_claims(aud=BASE + VENOUS)),
    "a slash behind the audience": ("S4", "audience", lambda: with_claims(aud=AUDIENCE + "/")),
    "the base as audience": ("S4", "audience", lambda: with_claims(aud=BASE)),
    "a query behind the audience": ("S4", "audience", lambda: with_claims(aud=AUDIENCE + "?x=1")),
    "the audience of feedback": ("S4", "audience", lambda: with_claims(aud=AUDIENCE + "/feedback")),
    "another host": ("S4", "audience", lambda: with_claims(aud="https://evil.example" + SERVICE)),
    "another host, and a Host header that agrees": (
        "S4",
        "audience",
        lambda: [*with_claims(aud="https://evil.example" + SERVICE), ("Host", "evil.example")],
    ),
    "a host of the proxy that agrees": (
        "S4",
        "audience",
        lambda: [
            *with_claims(aud="https://evil.example" + SERVICE),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "host=evil.example;proto=https"),
        ],
    ),
    "the audience in capitals": ("S4", "audience", lambda: with_claims(aud=AUDIENCE.upper())),
    "no encryption": ("S4", "audience", lambda: with_claims(aud=AUDIENCE.replace("https", "http"))),
    "several wrong audiences": ("S4", "audience", lambda: with_claims(aud=["https://a.example", BASE + VENOUS])),
    "a list of no audience": ("S4", "audience", lambda: with_claims(aud=[])),
    "a list with a number": ("S4", "member-aud", lambda: with_claims(aud=[AUDIENCE, 1])),
    "an audience that is an object": ("S4", "member-aud", lambda: with_claims(aud={AUDIENCE: AUDIENCE})),
    "a list in a list": ("S4", "member-aud", lambda: with_claims(aud=[[AUDIENCE]])),
    "expired": ("S5", "expired", lambda: bearer(token(claims(NOW_S - 331)))),
    "expired long ago": ("S5", "expired", lambda: with_claims(iat=0, exp=300)),
    "issued in the future": ("S5", "not-yet-valid", lambda: bearer(token(claims(NOW_S + 60)))),
    "not valid before later": ("S5", "not-yet-valid", lambda: with_claims(nbf=NOW_S + 60)),
    "valid for years": ("S5", "lifetime", lambda: with_claims(exp=int(NOW_S) + 100_000_000)),
    "valid for a second too long": ("S5", "lifetime", lambda: with_claims(exp=int(NOW_S) + 301)),
    "issued long ago, valid for years": ("S5", "lifetime", lambda: with_claims(iat=0)),
    "ended before it began": ("S5", "lifetime", lambda: with_claims(exp=int(NOW_S) - 5)),
    "changed after signing": ("S7", "signature", lambda: bearer(changed_payload())),
    "half a signature": ("S7", "signature", lambda: bearer(token()[:-60])),
    "a signature of zeros": ("S7", "signature", lambda: bearer(token().rpartition(".")[0] + "." + "A" * 128)),
}
TRAP: list[KeyServer] = []


@pytest.mark.clause("S7")
@pytest.mark.parametrize(
    ("reason", "made"),
    [pytest.param(*row[1:], id=name, marks=pytest.mark.clause(row[0])) for name, row in ATTACKS.items()],
)
def test_an_attack_is_refused_without_a_word(
    guarded: httpx.Client, keys: KeyServer, caplog: pytest.LogCaptureFixture, reason: str, made: Callable[[], Headers]
) -> None:
    KEYS[:] = [keys.url]
    with key_server(jwk("ES384", "forger")) as trap:
        TRAP[:] = [trap]
        headers = made()
        with caplog.at_level(logging.INFO, logger="cds"):
            reply = guarded.post(SERVICE, json=body(), headers=headers)
        assert trap.asked == 0, "a key URL was fetched that only the token names"
    assert_is_bare(reply)
    assert f"turned away: {reason}" in caplog.text
    sent = [value.removeprefix("Bearer ") for name, value in headers if name == "Authorization"]
    assert not [each for each in sent if len(each) > 20 and each[:40] in caplog.text]


@pytest.mark.slow
@pytest.mark.parametrize("made", [row[2] for row in ATTACKS.values()], ids=ATTACKS)
def test_an_attack_costs_less_than_five_milliseconds_of_the_processor(
    guarded: httpx.Client, keys: KeyServer, made: Callable[[], Headers]
) -> None:
    """Of the service and of the attacker together, which share a process here: an upper bound."""
    KEYS[:] = [keys.url]
    with key_server(jwk("ES384", "forger")) as trap:
        TRAP[:] = [trap]
        attacks = [made() for _ in range(_ATTACKS)]
    sent = body()
    best = math.inf
    for _ in range(_ROUNDS):
        began = time.process_time()
        assert {guarded.post(SERVICE, json=sent, headers=headers).status_code for headers in attacks} == {401}
        best = min(best, (time.process_time() - began) / _ATTACKS)
    assert best < 0.005


_ATTACKS, _ROUNDS = 10, 3


def assert_is_bare(reply: httpx.Response) -> None:
    """The same answer whatever was wrong."""
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.headers["content-type"] == "application/fhir+json"
    assert reply.json() == {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "login", "diagnostics": "a valid token of a known client is required"}],
    }


def test_every_attack_names_a_clause() -> None:
    assert {clause for clause, _, _ in ATTACKS.values()} == {"S1", "S2", "S3", "S4", "S5", "S7"}


@pytest.mark.clause("S1")
def test_a_token_in_the_query_is_no_token(guarded: httpx.Client) -> None:
    for name in ("access_token", "token", "Authorization"):
        assert_is_bare(guarded.post(f"{SERVICE}?{name}={token()}", json=body()))
    assert_is_bare(guarded.post(SERVICE, data={"access_token": token()}))
    assert_is_bare(guarded.post(SERVICE, json=body(), headers={"Cookie": f"Authorization=Bearer {token()}"}))


@pytest.mark.clause("S7")
def test_what_exists_is_not_told_to_strangers(guarded: httpx.Client) -> None:
    assert_is_bare(guarded.post("/cds-services/unknown", json=body()))
    assert_is_bare(guarded.post(SERVICE, content=b"not JSON"))
    assert_is_bare(guarded.post(SERVICE, content=b" " * 5_000_000, headers={"content-type": "application/json"}))
    assert ask(guarded, token(claims(aud=f"{BASE}/cds-services/unknown")), "/cds-services/unknown").status_code == 404


@pytest.mark.slow
@pytest.mark.clause("S4")
def test_the_audience_is_the_configured_url_whatever_the_host_header_says(tmp_path: Path) -> None:
    with key_server(jwk("ES384")) as own:
        inside = settings(tmp_path, {**CLIENT, "jku": own.url}).model_copy(
            update={"public_urls": ("https://cds.example.org", "http://cds.internal:8080/base")}
        )
        with serving(inside) as client:
            for audience in ("https://cds.example.org" + SERVICE, "http://cds.internal:8080/base" + SERVICE):
                for sent in (audience, ["https://other.example", audience]):
                    assert ask(client, token(claims(aud=sent)), Host="any.example").status_code == 200
            assert_is_bare(ask(client, token(claims(aud=str(client.base_url).rstrip("/") + SERVICE))))


@pytest.mark.clause("S5")
def test_a_token_is_used_once(guarded: httpx.Client) -> None:
    text = token()
    assert ask(guarded, text).status_code == 200
    for _ in range(3):
        assert_is_bare(ask(guarded, text))
    same_id = token(claims(jti=json.loads(_decoded(text.split(".")[1]))["jti"], exp=int(NOW_S) + 100))
    assert_is_bare(ask(guarded, same_id))


@pytest.mark.clause("S5")
def test_a_jti_belongs_to_its_issuer(guarded: httpx.Client) -> None:
    assert ask(guarded, token(claims(jti="one"))).status_code == 200
    other = token(claims(jti="one", iss="https://nancy.example"), key=private_key("ES384", "nancy"))
    assert ask(guarded, other).status_code == 200


@pytest.mark.clause("S5")
def test_nobody_can_burn_the_token_of_another(guarded: httpx.Client) -> None:
    """A jti is written down only after the signature held."""
    forged = token(claims(jti="precious"), key=private_key("ES384", "forger"))
    assert_is_bare(ask(guarded, forged))
    assert ask(guarded, token(claims(jti="precious"))).status_code == 200


@pytest.mark.clause("S5")
def test_of_simultaneous_replays_one_passes(guarded: httpx.Client) -> None:
    text = token()
    with ThreadPoolExecutor(16) as at_once:
        replies = list(at_once.map(lambda _: ask(guarded, text).status_code, range(16)))
    assert sorted(replies) == [200] + [401] * 15


@pytest.mark.slow
@pytest.mark.clause("S8")
def test_a_browser_may_send_a_token_and_read_a_refusal(tmp_path: Path, keys: KeyServer) -> None:
    origin = {"Origin": "https://ehr.example"}
    preflight = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    configured = settings(tmp_path, {**CLIENT, "jku": keys.url}, cors_origins=("https://ehr.example",))
    with serving(configured) as client:
        reply = client.options(SERVICE, headers={**origin, **preflight})
        assert reply.status_code == 200
        assert "authorization" in reply.headers["access-control-allow-headers"].lower()
        for each in (ask(client, token(), **origin), ask(client, "forged", **origin)):
            assert each.headers["access-control-allow-origin"] == "https://ehr.example"


@pytest.mark.clause("S1")
def test_discovery_needs_no_token(guarded: httpx.Client) -> None:
    assert guarded.get("/cds-services").status_code == 200
    assert guarded.get("/cds-services", headers=authorization("forged")).status_code == 200


@pytest.mark.clause("S3")
def test_a_client_gets_what_was_agreed(guarded: httpx.Client) -> None:
    """Its language, its services, its algorithms."""
    nancy = {"iss": "https://nancy.example"}
    french = ask(guarded, token(claims(**nancy), algorithm="PS256", key=private_key("PS256", "nancy")))
    assert french.headers["content-language"] == "fr"
    mine = private_key("ES384", "nancy")
    english = ask(guarded, token(claims(**nancy), key=mine), **{"Accept-Language": "en"})
    assert english.headers["content-language"] == "en"
    refused = ask(guarded, token(claims(**nancy, aud=BASE + VENOUS), key=mine), VENOUS)
    assert refused.status_code == 403
    assert refused.json()["issue"][0]["code"] == "forbidden"


@pytest.mark.slow
@pytest.mark.clause("S9")
def test_a_fhir_server_is_asked_for_its_own_client_only(tmp_path: Path) -> None:
    """The list of the site is for callers whom nobody knows."""
    with key_server(jwk("ES384")) as keys, key_server() as fhir:
        base = fhir.url.rpartition("/")[0]
        lists = {"metz": [base], "nancy": [], "toul": [base + "/other"]}
        clients = [
            {"name": name, "iss": f"https://{name}.example", "jku": keys.url, "fhir_servers": list(bases)}
            for name, bases in lists.items()
        ]
        private = {"fhir_servers": (base,), "private_addresses": ("127.0.0.1",)}
        with serving(settings(tmp_path, *clients, **private)) as service:
            for name, reached in {"nancy": False, "toul": False, "metz": True}.items():
                before = fhir.asked
                reply = service.post(
                    SERVICE,
                    json=asked(fhirServer=base),
                    headers=authorization(token(claims(iss=f"https://{name}.example"))),
                )
                assert reply.status_code in (200, 412)
                assert (fhir.asked > before) == reached, name


@pytest.mark.slow
@pytest.mark.clause("S6")
def test_keys_change_without_a_restart(tmp_path: Path) -> None:
    with key_server(jwk("ES384")) as keys, serving(settings(tmp_path, {**CLIENT, "jku": keys.url})) as client:
        keys.offer([jwk("ES384"), jwk("ES384", "next", kid="next")])
        rotated = token(kid="next", key=private_key("ES384", "next"))
        assert ask(client, rotated).status_code == 200
        assert ask(client, token()).status_code == 200
        assert keys.asked == 1


@pytest.mark.slow
@pytest.mark.clause("S6")
def test_keys_stay_while_their_server_is_down_and_it_is_not_asked_often(tmp_path: Path) -> None:
    with key_server(jwk("ES384")) as keys, serving(settings(tmp_path, {**CLIENT, "jku": keys.url})) as client:
        assert ask(client, token()).status_code == 200
        keys.down = True
        for number in range(50):
            assert_is_bare(ask(client, token(kid=f"unknown-{number}", key=private_key("ES384", "forger"))))
        assert ask(client, token()).status_code == 200
        assert keys.asked == 1, "an unknown kid makes us ask at most once in ten seconds"


@pytest.mark.slow
@pytest.mark.clause("S6")
@pytest.mark.parametrize("answer", ["redirect", "large", "no JSON", "no keys", "nobody there"])
def test_a_key_server_that_misbehaves_gives_no_keys(tmp_path: Path, answer: str) -> None:
    with key_server(jwk("ES384")) as elsewhere, key_server(jwk("ES384")) as keys:
        match answer:
            case "redirect":
                keys.redirect = elsewhere.url
            case "large":
                keys.body += b" " * 300_000
            case "no JSON":
                keys.body = b'{"keys": ['
            case "no keys":
                keys.offer([jwk("RS384", kid="RS384", use="enc"), {"kty": "oct", "k": "AAAA", "kid": "ES384"}])
        url = keys.url if answer != "nobody there" else "http://127.0.0.1:9/jwks.json"
        with serving(settings(tmp_path, {**CLIENT, "jku": url})) as client:
            assert_is_bare(ask(client, token()))
        assert elsewhere.asked == 0


def _decoded(segment: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(segment + "==")


def test_no_reason_repeats_what_was_sent() -> None:
    assert all(re.fullmatch(r"[a-z-]+", reason) for _, reason, _ in ATTACKS.values())
