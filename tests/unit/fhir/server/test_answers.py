"""What an answer is, where it goes on, and whom it is about; of text that is odd, too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds.fhir.server.answers import is_about_others, next_link, page
from cds.fhir.server.failures import NoAnswer
from cds.fhir.server.queries import Query

SEARCH = Query("Condition", parameters="patient=p")


def bundle(*links: Any, **members: Any) -> bytes:
    return json.dumps({"resourceType": "Bundle", "link": list(links), **members}).encode()


@pytest.mark.parametrize(
    ("raw", "link"),
    [
        (bundle(), ""),
        (bundle({"relation": "self", "url": "a"}), ""),
        (bundle({"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}), "b"),
        (bundle("next", None, 1, {"relation": ["next"]}, {"relation": "next", "url": "b"}), "b"),
        (bundle({"relation": "next"}), ""),
        (b'{"resourceType":"Bundle","link":{"relation":"next","url":"b"}}', ""),
        (b'{"resourceType":"Bundle","link":null}', ""),
        (b'{"link":[{"relation":"next","url":"b"}]}', ""),
        (b"[1]", ""),
        (b"null", ""),
        (b"\xff", ""),
    ],
)
def test_where_a_searchset_goes_on(raw: bytes, link: str) -> None:
    assert next_link(raw) == link


@pytest.mark.parametrize(
    ("raw", "asked", "reason"),
    [
        (b"", SEARCH, "not-fhir"),
        (b"\xff\xfe", SEARCH, "not-fhir"),
        (b'{"resourceType":1}', SEARCH, "not-fhir"),
        (b'{"resourceType":"Condition","id":"c"}', SEARCH, "not-fhir"),
        (b'{"resourceType":"Bundle"}', Query("Patient", "p"), "not-fhir"),
        (b'{"resourceType":"OperationOutcome"}', SEARCH, "operation-outcome"),
        (b'{"resourceType":"OperationOutcome"}', Query("Patient", "p"), "operation-outcome"),
    ],
)
def test_what_is_no_answer(raw: bytes, asked: Query, reason: str) -> None:
    with pytest.raises(NoAnswer) as raised:
        page(raw, asked)
    assert raised.value.reason == reason


def test_a_read_has_no_next_page() -> None:
    raw = b'{"resourceType":"Patient","id":"p","link":[{"relation":"next","url":"x"}]}'
    assert page(raw, Query("Patient", "p")) == (raw, "p", "")


@pytest.mark.parametrize(
    ("entries", "others"),
    [
        ([], False),
        ([{"resource": {"subject": {"reference": "Patient/p"}}}], False),
        ([{"resource": {"subject": {"reference": "https://ehr.example/fhir/Patient/p/_history/2"}}}], False),
        ([{"resource": {"patient": {"reference": "Patient/p"}}}], False),
        ([{"resource": {"subject": {"reference": "Patient/q"}}}], True),
        ([{"resource": {"subject": {"reference": "Patient/q"}}}, {"resource": {"subject": {"reference": "p"}}}], False),
        ([{"resource": {"subject": {"display": "somebody"}}}, {"resource": None}, {}], False),
        ([{"resource": {"subject": "Patient/q"}}], False),
    ],
)
def test_whom_a_searchset_is_about(entries: list[Any], others: bool) -> None:
    assert is_about_others(json.dumps({"entry": entries}).encode(), "p") is others
