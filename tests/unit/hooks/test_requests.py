"""Reading a service call: what is required, what is tolerated, what is refused and in which words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import InvalidRequest, NotJson, PreconditionFailed, RequestError, WrongHook
from cds.hooks.contexts import HOOKS, EncounterStart, OrderDispatch, OrderSelect, ProblemListItemCreate
from cds.hooks.requests import decode
from tests.unit.hooks.requests_by_hand import BUNDLE, CONTEXTS, INSTANCE, asked, body


def test_every_hook_of_the_library_has_a_typed_context() -> None:
    assert HOOKS.keys() == CONTEXTS.keys()
    for name, hook in HOOKS.items():
        assert type(decode(body(name)).context) is hook.context


def test_what_is_read() -> None:
    request = decode(
        body(
            fhirServer="https://ehr.example/fhir",
            fhirAuthorization={
                "access_token": "t",
                "token_type": "bearer",
                "expires_in": 300,
                "scope": "x",
                "subject": "s",
            },
            prefetch={"patient": {"resourceType": "Patient"}, "conditions": None},
            extension={"example.vendor": 1},
        )
    )
    assert request.instance == INSTANCE
    assert request.context.patient_id == "p"
    assert request.fhir_server == "https://ehr.example/fhir"
    assert request.authorization is not None
    assert request.authorization.access_token == "t"
    assert {name: json.loads(bytes(value)) for name, value in request.prefetch.items()} == {
        "patient": {"resourceType": "Patient"},
        "conditions": None,
    }
    assert bytes(request.extension["example.vendor"]) == b"1"


def test_contexts_say_what_their_hooks_say() -> None:
    start = decode(body("encounter-start")).context
    assert isinstance(start, EncounterStart)
    assert (start.user, start.encounter) == ("PractitionerRole/1", "e")
    created = decode(body("problem-list-item-create")).context
    assert isinstance(created, ProblemListItemCreate)
    assert json.loads(bytes(created.conditions)) == BUNDLE
    selected = decode(body("order-select")).context
    assert isinstance(selected, OrderSelect)
    assert selected.selections == ("ServiceRequest/1",)
    dispatched = decode(body("order-dispatch")).context
    assert isinstance(dispatched, OrderDispatch)
    assert (dispatched.performer, dispatched.user, dispatched.encounter) == ("Organization/1", "", "")


def test_a_user_that_is_no_reference_is_nobody() -> None:
    assert decode(body(context={"patientId": "p", "userId": "example"})).context.user == ""


@pytest.mark.parametrize(
    "tolerated",
    [
        {"fhirServer": None},
        {"fhirServer": ""},
        {"fhirAuthorization": None},
        {"fhirAuthorization": {}},
        {"prefetch": None},
        {"prefetch": {}},
        {"extension": None},
        {"somethingNew": {"a": [1, 2.5, True, None, "x"]}},
        {"context": {"patientId": "p", "userId": "Practitioner/1", "encounterId": None, "somethingNew": 1}},
        {"context": {"patientId": "p", "userId": "Practitioner/1", "encounterId": ""}},
    ],
)
def test_null_empty_and_unknown_members_are_tolerated(tolerated: dict[str, Any]) -> None:
    request = decode(json.dumps({**asked(), **tolerated}).encode())
    assert request.context.encounter == ""
    assert (request.fhir_server, request.authorization, dict(request.prefetch)) == ("", None, {})


CONTEXT = {"patientId": "p", "userId": "Practitioner/1"}

MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"hook": None}, "`hook` is required"),
    ({"hook": ""}, "`hook` is required"),
    ({"hook": 7}, "`hook` must be a string"),
    ({"hookInstance": None}, "`hookInstance` is required"),
    ({"hookInstance": 7}, "`hookInstance` must be a string"),
    ({"hookInstance": "DUPONT"}, "`hookInstance` must be a UUID"),
    ({"context": None}, "`context` is required"),
    ({"context": []}, "`context` must be an object"),
    ({"context": "DUPONT"}, "`context` must be an object"),
    ({"context": {"patientId": 7, "userId": "Practitioner/1"}}, "`context.patientId` must be a string"),
    ({"context": {"patientId": ["DUPONT"], "userId": "Practitioner/1"}}, "`context.patientId` must be a string"),
    ({"context": {"patientId": "p"}}, "`context.userId` is required"),
    ({"context": {"patientId": "p", "userId": ""}}, "`context.userId` is required"),
    ({"context": {**CONTEXT, "userId": {"DUPONT": 1}}}, "`context.userId` must be a string"),
    ({"context": {**CONTEXT, "encounterId": 7}}, "`context.encounterId` must be a string"),
    ({"hook": "encounter-start", "context": CONTEXT}, "`context.encounterId` is required"),
    ({"hook": "problem-list-item-create", "context": CONTEXT}, "`context.conditions` is required"),
    (
        {"hook": "problem-list-item-create", "context": {**CONTEXT, "conditions": ["DUPONT"]}},
        "`context.conditions` must be an object",
    ),
    (
        {"hook": "order-select", "context": {**CONTEXT, "draftOrders": BUNDLE, "selections": "DUPONT"}},
        "`context.selections` must be an array",
    ),
    (
        {"hook": "order-select", "context": {**CONTEXT, "draftOrders": BUNDLE, "selections": ["x", 7]}},
        "`context.selections[1]` must be a string",
    ),
    ({"prefetch": []}, "`prefetch` must be an object"),
    ({"prefetch": "DUPONT"}, "`prefetch` must be an object"),
    ({"extension": 7}, "`extension` must be an object"),
    ({"fhirServer": 7}, "`fhirServer` must be a string"),
    ({"fhirServer": "file:///DUPONT"}, "`fhirServer` must be an absolute URL"),
    (
        {"fhirAuthorization": {"access_token": "DUPONT", "token_type": "Bearer"}},
        "`fhirServer` is required where `fhirAuthorization` is given",
    ),
    ({"fhirAuthorization": {"token_type": "Bearer"}}, "`fhirAuthorization.access_token` is required"),
    ({"fhirAuthorization": {"access_token": "DUPONT"}}, "`fhirAuthorization.token_type` is required"),
    (
        {"fhirAuthorization": {"access_token": "DUPONT", "token_type": "Basic"}},
        "`fhirAuthorization.token_type` must be Bearer",
    ),
    (
        {"fhirAuthorization": {"access_token": "x", "token_type": "Bearer", "expires_in": "DUPONT"}},
        "`fhirAuthorization.expires_in` must be an integer",
    ),
]


@pytest.mark.parametrize(("members", "complaint"), MALFORMED, ids=lambda value: value if isinstance(value, str) else "")
def test_the_malformed_member_is_named_and_its_value_is_not(members: dict[str, Any], complaint: str) -> None:
    request = {**asked(), **members}
    with pytest.raises(InvalidRequest) as caught:
        decode(json.dumps({name: value for name, value in request.items() if value is not None}).encode())
    assert str(caught.value) == complaint


@pytest.mark.parametrize("nobody", [{}, {"patientId": None}, {"patientId": ""}])
def test_without_a_patient_nothing_can_be_said(nobody: dict[str, Any]) -> None:
    with pytest.raises(PreconditionFailed, match="patientId"):
        decode(body(context={"userId": "Practitioner/1", **nobody}))


def test_a_hook_that_is_not_served_is_answered_with_those_that_are() -> None:
    with pytest.raises(WrongHook, match=r"patient-view, encounter-start$"):
        decode(body("order-sign"), {"patient-view": "1.0", "encounter-start": "1.0"})


NOT_JSON: list[tuple[bytes, str]] = [
    (b"", "must be JSON"),
    (b"DUPONT", "must be JSON"),
    (b"{", "must be JSON"),
    (body() + b"{}", "must be JSON"),
    (b"[]", "must be a JSON object"),
    (b"null", "must be a JSON object"),
    (b"7", "must be a JSON object"),
    (b"\xef\xbb\xbf" + body(), "byte-order mark"),
    (body().decode().encode("utf-16"), "byte-order mark"),
    (body().decode().encode("utf-16-le"), "must be JSON"),
    (body(context={"patientId": "é", "userId": "x"}).replace(rb"\u00e9", b"\xe9"), "must be UTF-8"),
    (body(prefetch={"a": 1}).replace(b"1}", b"NaN}"), "must be JSON"),
    (body(prefetch={"a": {"b": 1}}).replace(b": 1}", b": Infinity}"), "must be JSON"),
    (body(unknown=1).replace(b": 1}", b": -Infinity}"), "must be JSON"),
    (body(unknown=1).replace(b": 1}", b": 1e999}"), "numbers within range"),
    (body(prefetch={"a": 1}).replace(b": 1}", b": " + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deeply"),
    (b'{"hook": ' * 100_000, "nested too deeply"),
    (body().replace(b'"hook":', b'"hook": "DUPONT", "hook":'), "the request stands twice"),
    (body().replace(b'"hook":', rb'"h\u006fok": "DUPONT", "hook":'), "the request stands twice"),
    (body().replace(b'"patientId":', b'"patientId": "DUPONT", "patientId":'), "`context` stands twice"),
    (body(prefetch={"a": 1}).replace(b'"a": 1', b'"a": null, "a": 1'), "`prefetch` stands twice"),
    (body(extension={"a": 1}).replace(b'"a": 1', b'"a": null, "a": 1'), "`extension` stands twice"),
    (body(prefetch={}).replace(b'"prefetch"', b'"prefetch": {}, "prefetch"'), "the request stands twice"),
]


@pytest.mark.parametrize(("text", "complaint"), NOT_JSON, ids=range(len(NOT_JSON)))
def test_what_is_not_the_json_of_a_request(text: bytes, complaint: str) -> None:
    with pytest.raises(NotJson) as caught:
        decode(text)
    assert complaint in str(caught.value)
    assert "DUPONT" not in str(caught.value)


@pytest.mark.parametrize("character", "é€𝛽")
@pytest.mark.parametrize("shift", range(5))
def test_the_bytes_of_a_character_stay_together_wherever_it_stands(character: str, shift: int) -> None:
    whole = body(prefetch={"a": "x"}).replace(b'"x"', b'"' + b"x" * shift + character.encode() * 20_000 + b'"')
    assert decode(whole).prefetch["a"]
    for place in (16_380, 16_384, 16_388, len(whole) // 2):
        at = next(at for at in range(place, len(whole)) if whole[at] in character.encode()[1:])
        for torn in (whole[:at] + whole[at + 1 :], whole[:at] + b"\x80" + whole[at:], whole[:at] + b"x" + whole[at:]):
            with pytest.raises(NotJson, match="must be UTF-8"):
                decode(torn)


def test_nothing_about_a_patient_is_printed() -> None:
    request = decode(
        body(
            context={"patientId": "DUPONT", "userId": "Practitioner/DUPONT"},
            fhirServer="https://ehr.example",
            fhirAuthorization={"access_token": "SECRET", "token_type": "Bearer"},
        )
    )
    printed = f"{request!r} {request} {request.context!r} {request.authorization!r}"
    assert "DUPONT" not in printed
    assert "SECRET" not in printed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    ["hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension"]
)


@given(st.sampled_from(sorted(CONTEXTS)), MEMBERS, JSON)
def test_any_value_in_any_member_is_read_or_refused(hook: str, member: str, value: object) -> None:
    with suppress(RequestError):
        assert decode(json.dumps({**asked(hook), member: value}).encode()).hook in CONTEXTS


@given(st.binary())
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    with pytest.raises(RequestError):
        decode(text)
