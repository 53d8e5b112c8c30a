"""JSON text becomes resources, whatever is wrong with some of it (R4, R5, invariant 8)."""

from __future__ import annotations

import pytest

from cds.fhir.bundles import Resources
from cds.fhir.resources import Observation, Patient
from cds.reasoning.chart import Access
from tests.unit.fhir.resources_by_hand import bundle, condition, observation, patient, raw, resource


def ids(resources: Resources) -> list[str | None]:
    return [each.id for each in resources.observations]


SHAPES = {
    "one resource": observation("a"),
    "an array": [observation("a")],
    "a searchset": bundle(observation("a")),
    "a collection": bundle(observation("a"), kind="collection"),
    "a transaction": {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": observation("a"), "request": {"method": "POST", "url": "Observation"}}],
    },
    "a batch of searchsets": bundle(bundle(observation("a")), kind="batch-response"),
    "an entry without resource": {
        "resourceType": "Bundle",
        "entry": [{}, {"resource": None}, {"resource": observation("a")}],
    },
    "resourceType last": bundle(dict(reversed(observation("a").items()))),
    "id in the fullUrl only": {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": "https://ehr.example/fhir/Observation/a", "resource": observation("")}],
    },
    "nulls": bundle(observation("a") | {"note": None, "component": None, "meta": None, "_status": {"id": "x"}}),
    "nulls in arrays": bundle(observation("a", note=[None, {"text": "x"}], code={"coding": [None], "text": "x"})),
    "wrong types where nothing is read": bundle(observation("a") | {"performer": 7, "method": [], "text": False}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_opened(shape: str) -> None:
    value = SHAPES[shape]
    resources = Resources()
    assert resources.open(raw(value)) is Access.PRESENT
    assert ids(resources) == ["a"]
    assert resources.unread == []


BROKEN = {
    "a number for a string": (b'{"resourceType":"Observation","id":"b","status":1}', "Observation/b"),
    "a numeric id": (b'{"resourceType":"Observation","id":7}', "Observation/7"),
    "an id that is no id": (b'{"resourceType":"Observation","id":["x"]}', "Observation"),
    "a string for an object": (b'{"resourceType":"Condition","id":"b","subject":"me"}', "Condition/b"),
    "a number beyond all numbers": (
        b'{"resourceType":"Observation","id":"b","valueQuantity":{"value":1e999}}',
        "Observation/b",
    ),
    "no resource": (b'"hello"', "Resource"),
    "an array of nothing": (b"[1]", "Resource"),
    "no type": (b'{"id":"b"}', "Resource/b"),
    "a type that is a sentence": (b'{"resourceType":"John Smith","id":"b"}', "Resource/b"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_resource_costs_only_itself(what: str) -> None:
    broken, reference = BROKEN[what]
    text = b'{"resourceType":"Bundle","entry":[{"resource":%s},{"resource":%s},{"resource":%s}]}' % (
        bytes(raw(observation("a"))),
        broken,
        bytes(raw(observation("c"))),
    )
    resources = Resources()
    assert resources.open(text) is Access.PRESENT
    assert ids(resources) == ["a", "c"]
    assert [(each.reference, each.reason) for each in resources.unread] == [(reference, "unreadable")]


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_resource_in_an_array_and_in_an_inner_bundle_costs_only_itself(what: str) -> None:
    broken, reference = BROKEN[what]
    for text in (
        b"[%s,%s]" % (bytes(raw(observation("a"))), broken),
        b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Bundle","entry":[{"resource":%s},{"resource":%s}]}}]}'
        % (bytes(raw(observation("a"))), broken),
    ):
        resources = Resources()
        resources.open(text)
        assert ids(resources) == ["a"]
        assert [each.reference for each in resources.unread] == [reference]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'{"resourceType":"Observation","status":"\\ud800"}',
        b"{",
        b"nul",
        b"[1,",
        b'{"a":NaN}',
        b"\xff",
        b'{"resourceType":"Bundle","entry":7}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_raises_nothing_and_is_never_nothing(text: bytes) -> None:
    resources = Resources()
    state = resources.open(text)
    assert state is Access.FAILED or [each.reason for each in resources.unread] == ["unreadable"]


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "invalid"}]}
HINT = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
STATES = [
    (None, Access.NONE),
    ([], Access.NONE),
    (bundle(), Access.NONE),
    ({"resourceType": "Bundle", "type": "searchset", "total": 0}, Access.NONE),
    ({"resourceType": "Bundle", "entry": None, "link": None}, Access.NONE),
    ({}, Access.ABSENT),
    ("", Access.ABSENT),
    (OUTCOME, Access.FAILED),
    (WARNING, Access.FAILED),
    (bundle(OUTCOME), Access.FAILED),
    (bundle(WARNING), Access.FAILED),
    (bundle(HINT), Access.NONE),
    (bundle(observation(), OUTCOME), Access.FAILED),
    (bundle(observation(), WARNING), Access.PRESENT),
    (bundle(bundle(observation()), OUTCOME, kind="batch-response"), Access.FAILED),
    (
        {
            "resourceType": "Bundle",
            "type": "batch-response",
            "entry": [{"response": {"status": "404", "outcome": OUTCOME}}],
        },
        Access.FAILED,
    ),
    (bundle(observation(), link=[{"relation": "self"}, {"relation": "next", "url": "https://x"}]), Access.PARTIAL),
    (bundle(observation(), total=7), Access.PARTIAL),
    ({"resourceType": "Bundle", "type": "searchset", "total": 7}, Access.PARTIAL),
    (bundle(observation() | {"status": 1}, link=[{"relation": "next"}]), Access.PARTIAL),
    (bundle(observation(), total=1), Access.PRESENT),
    (patient(), Access.PRESENT),
]


@pytest.mark.clause("R5")
@pytest.mark.parametrize(("value", "state"), STATES)
def test_the_state_of_a_key(value: object, state: Access) -> None:
    assert Resources().open(raw(value)) is state


def test_types_that_are_not_read_are_counted_once() -> None:
    resources = Resources()
    encounters = [resource("Encounter", f"e{number}", status=7) for number in range(3)]
    assert resources.open(raw(bundle(*encounters, resource("Unheard", "u"), observation("a")))) is Access.PRESENT
    assert resources.other_types == {"Encounter", "Unheard"}
    assert ids(resources) == ["a"]


def test_bundles_are_not_followed_for_ever() -> None:
    value = bundle(observation("a"))
    for _ in range(8):
        value = bundle(value)
    resources = Resources()
    assert resources.open(raw(value)) is Access.FAILED
    assert resources.open(raw(bundle(value, observation("b", status=1)))) is Access.FAILED
    assert ids(resources) == []


def test_counting_by_type() -> None:
    resources = Resources()
    resources.open(raw(bundle(patient(), observation(), observation("b"), condition())))
    assert resources.count(Patient) == 1
    assert resources.count(Observation) == 2


def test_entries_that_are_no_entries() -> None:
    text = b'{"resourceType":"Bundle","entry":[7,null,{"resource":null},{"request":{}},{"resource":%s}],"link":3,"total":"x"}'
    resources = Resources()
    assert resources.open(text % bytes(raw(observation("a")))) is Access.PRESENT
    assert ids(resources) == ["a"]
    assert [each.reference for each in resources.unread] == ["Resource"]
