"""Which key of a set serves which algorithm, and nothing else does."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from cds.trust.algorithms import NEEDS, Algorithm
from cds.trust.keys import NotKeys, read_keys, verifies
from tests.signing import jwk, private_key, token

EVERY: tuple[Algorithm, ...] = tuple(NEEDS)


def read(*keys: Any, algorithms: tuple[Algorithm, ...] = EVERY, own: bool = False) -> set[tuple[str, str]]:
    return set(read_keys({"keys": list(keys)}, algorithms, own=own))


@pytest.mark.parametrize("algorithm", EVERY)
def test_each_algorithm_is_verified_by_its_key_and_no_other(algorithm: Algorithm) -> None:
    keys = read_keys({"keys": [jwk(algorithm, kid="k")]}, EVERY)
    other = read_keys({"keys": [jwk(algorithm, "other", kid="k")]}, EVERY)
    text = token(algorithm=algorithm)
    assert verifies(keys["k", algorithm], text, algorithm)
    assert not verifies(other["k", algorithm], text, algorithm)
    assert not verifies(keys["k", algorithm], text[:-8] + "AAAAAAAA", algorithm)


def test_a_key_serves_the_algorithms_of_its_kind() -> None:
    assert read(jwk("ES256", kid="k")) == {("k", "ES256")}
    assert read(jwk("ES384", kid="k")) == {("k", "ES384")}
    assert read(jwk("RS384", kid="k")) == {("k", each) for each in EVERY if not each.startswith("ES")}
    assert read(jwk("RS384", kid="k"), algorithms=("ES384", "RS384")) == {("k", "RS384")}


def test_one_kid_may_name_keys_of_different_kinds() -> None:
    assert read(jwk("ES384", kid="k"), jwk("RS384", kid="k"), algorithms=("ES384", "RS384")) == {
        ("k", "ES384"),
        ("k", "RS384"),
    }


def test_the_first_of_two_equal_kids_counts() -> None:
    keys = read_keys({"keys": [jwk("ES384", kid="k"), jwk("ES384", "other", kid="k")]}, EVERY)
    assert verifies(keys["k", "ES384"], token(), "ES384")


def weak() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**RSAKey.generate_key(1024).as_dict(private=False), "kid": "weak"}


PASSED_OVER: dict[str, Any] = {
    "no kid": {name: value for name, value in jwk("ES384").items() if name != "kid"},
    "a kid that is a number": jwk("ES384", kid=1),
    "for encryption": jwk("ES384", use="enc"),
    "for another algorithm": jwk("ES384", alg="ES256"),
    "for signing only": jwk("ES384", key_ops=["sign"]),
    "operations that are no list": jwk("ES384", key_ops="verify"),
    "a secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "k"},
    "an unknown type": {"kty": "XX", "kid": "k"},
    "no type": {"kid": "k"},
    "no point of its curve": jwk("ES384", x="AAAA"),
    "a point that is a number": jwk("ES384", x=7),
    "no coordinate": {name: value for name, value in jwk("ES384").items() if name != "y"},
    "another curve than its numbers": jwk("ES384", crv="P-256"),
    "a curve that nobody knows": jwk("ES384", crv="P-999"),
    "too short": weak(),
    "a modulus of nothing": jwk("RS384", n=""),
    "a text": "key",
    "nothing": None,
}


@pytest.mark.parametrize("key", PASSED_OVER.values(), ids=PASSED_OVER)
def test_a_key_that_cannot_serve_is_passed_over(key: Any) -> None:
    assert read(key, jwk("RS384", kid="good"), algorithms=("ES384", "RS384")) == {("good", "RS384")}


@pytest.mark.parametrize("document", [None, [], "keys", {}, {"keys": {}}, {"keys": []}, {"keys": [jwk("ES384")] * 101}])
def test_what_is_no_set_of_keys(document: object) -> None:
    with pytest.raises(NotKeys):
        read_keys(document, EVERY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops")


@given(st.sampled_from(["ES384", "RS384"]), st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
def test_any_key_is_taken_or_passed_over(algorithm: str, changed: dict[str, Any]) -> None:
    """Whatever a key server sends, the good key beside it is found."""
    assert ("good", "ES256") in read(jwk(algorithm, **changed), jwk("ES256", kid="good"))


@given(JSON)
def test_any_document_is_a_set_of_keys_or_none(document: Any) -> None:
    for sent in (document, {"keys": document}):
        with pytest.raises(NotKeys):
            read_keys(sent, EVERY)


def test_a_private_key_in_the_own_file_is_a_mistake_and_is_not_repeated() -> None:
    private = {**private_key("ES384").as_dict(private=True), "kid": "k"}
    with pytest.raises(NotKeys, match="secret key") as refused:
        read(private, own=True)
    assert private["d"] not in str(refused.value)
    keys = read_keys({"keys": [private]}, EVERY)
    assert not keys["k", "ES384"].is_private


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "\x00.\x00.\x00", "é.é.é"])
def test_what_is_no_token_is_not_verified(text: str) -> None:
    key = read_keys({"keys": [jwk("ES384")]}, EVERY)["ES384", "ES384"]
    assert not verifies(key, text, "ES384")
