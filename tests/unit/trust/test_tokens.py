"""Whatever is sent as a token is read, or refused with one kind of error."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds.errors import Unauthorized
from cds.trust.tokens import LEEWAY, LONGEST, Token, bearer, check_audience, check_times, parse
from tests.signing import AUDIENCE, claims, raw_token, token

SECOND = 1_772_445_600.0


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
HEADER_NAMES = ("alg", "kid", "typ", "jku", "crit", "b64")
CLAIM_NAMES = ("iss", "aud", "exp", "iat", "jti", "nbf", "tenant")
NO_CHANGE: dict[str, Any] = {}


@given(st.binary(max_size=300))
@example(b"Bearer ")
@example(b"Bearer a.b.c")
def test_any_header_is_refused_without_another_error(value: bytes) -> None:
    with pytest.raises(Unauthorized):
        parse(bearer([(b"host", b"x"), (b"authorization", value)]))


@given(st.text(max_size=200))
def test_any_text_is_refused_without_another_error(text: str) -> None:
    with pytest.raises(Unauthorized):
        parse(text)


@given(st.binary(max_size=100), st.binary(max_size=100), st.binary(max_size=100))
def test_any_three_segments_are_refused(first: bytes, second: bytes, third: bytes) -> None:
    with pytest.raises(Unauthorized):
        parse(f"{encoded(first)}.{encoded(second)}.{encoded(third)}")


@given(
    st.dictionaries(st.sampled_from(HEADER_NAMES), json_values),
    st.dictionaries(st.sampled_from(CLAIM_NAMES), json_values),
)
@example(NO_CHANGE, {"exp": 10**400})
@example(NO_CHANGE, {"exp": float("inf")})
@example(NO_CHANGE, {"jti": "\ud800"})
@example({"kid": "\udfff"}, NO_CHANGE)
def test_any_members_are_a_token_or_an_error_of_ours(header: dict[str, Any], payload: dict[str, Any]) -> None:
    """What is read can be looked up, compared and remembered without another error."""
    first = json.dumps({"alg": "ES384", "kid": "k", "typ": "JWT", **header}).encode()
    second = json.dumps({**claims(), **payload}).encode()
    try:
        read = parse(f"{encoded(first)}.{encoded(second)}.AAAA")
        check_audience(read, {AUDIENCE})
        check_times(read, SECOND, 300)
    except Unauthorized:
        return
    assert len(read.fingerprint) == 32
    assert all(isinstance(each, str) for each in (read.algorithm, read.key_id, read.key_url, read.issuer, read.tenant))


def test_every_member_is_read() -> None:
    read = parse(
        token({**claims(1000.0, aud=["a", "b"], nbf=990, jti="j"), "tenant": "north"}, jku="https://k.example")
    )
    assert read[1:] == (
        "ES384",
        "ES384",
        "https://k.example",
        "https://ehr.example.org/fhir",
        "north",
        ("a", "b"),
        1300.0,
        1000.0,
        990.0,
        "j",
    )


def test_a_token_is_never_printed() -> None:
    read = parse(token())
    assert repr(read) == str(read) == f"{read}" == "<Token>"


def test_the_fingerprint_is_of_issuer_and_id() -> None:
    def of(**changed: Any) -> bytes:
        return parse(token(claims(**changed))).fingerprint

    assert of(iss="a", jti="b c") == of(iss="a", jti="b c", aud="other")
    assert len({of(iss="a", jti="b c"), of(iss="a b", jti="c"), of(iss="a", jti="b"), of(iss="b", jti="a")}) == 4


def valid(**changed: Any) -> Token:
    return parse(token(claims(1000.0, **changed)))


@pytest.mark.parametrize(
    ("changed", "now", "reason"),
    [
        ({}, 1000.0, ""),
        ({}, 1300.0 + LEEWAY - 1, ""),
        ({}, 1300.0 + LEEWAY, "expired"),
        ({}, 1000.0 - LEEWAY, ""),
        ({}, 1000.0 - LEEWAY - 1, "not-yet-valid"),
        ({"nbf": 1100}, 1100.0 - LEEWAY, ""),
        ({"nbf": 1100}, 1100.0 - LEEWAY - 1, "not-yet-valid"),
        ({"exp": 1300.5}, 1000.0, "lifetime"),
        ({"exp": 1000}, 1000.0, "lifetime"),
        ({"iat": 1299}, 1290.0, ""),
    ],
)
def test_the_edges_of_time(changed: dict[str, Any], now: float, reason: str) -> None:
    if not reason:
        check_times(valid(**changed), now, 300)
        return
    with pytest.raises(Unauthorized) as refused:
        check_times(valid(**changed), now, 300)
    assert refused.value.reason == reason
    assert reason not in str(refused.value)


def test_the_longest_token() -> None:
    def of(length: int) -> str:
        padding = 0
        while len(made := token(claims(x="x" * padding))) < length - 4:
            padding += max(1, (length - 4 - len(made)) * 3 // 4)
        return made

    longest = of(LONGEST)
    assert parse(bearer([(b"authorization", b"Bearer " + longest.encode())])).id
    with pytest.raises(Unauthorized):
        bearer([(b"authorization", b"Bearer " + b"a" * (LONGEST + 1))])
    with pytest.raises(Unauthorized):
        parse(raw_token("{}", json.dumps({"x": "x" * LONGEST})))
