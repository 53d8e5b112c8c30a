"""F1 to F3, on a real server with a store of its own."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.settings import Settings
from tests.clock import NOW
from tests.ehr import request_body
from tests.serving import serving
from tests.stories.telling import demo_record

SERVICE = "/cds-services/soft-tissue-calcification"
FEEDBACK = f"{SERVICE}/feedback"
AT = NOW.isoformat()
ALREADY_KNOWN = {"reason": {"code": "already-known", "system": "https://x.example"}}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feedback")


@pytest.fixture(scope="module")
def remembering(state: Path) -> Iterator[httpx.Client]:
    with serving(Settings(state_folder=state)) as client:
        yield client


def item(card: str | None = None, **more: Any) -> dict[str, Any]:
    """Feedback about a card; a member given as None is left out."""
    made = {"card": card or str(uuid.uuid4()), "outcome": "overridden", "outcomeTimestamp": AT, **more}
    return {name: value for name, value in made.items() if value is not None}


def accepted(**more: Any) -> dict[str, Any]:
    return item(**{"outcome": "accepted", "acceptedSuggestions": [{"id": str(uuid.uuid4())}], **more})


def stored(state: Path, *cards: str) -> list[sqlite3.Row]:
    """The rows about `cards`, as another process sees them at this moment."""
    with closing(sqlite3.connect(state / "memory.sqlite3")) as store:
        store.row_factory = sqlite3.Row
        marks = ",".join("?" * len(cards))
        return store.execute(f"SELECT * FROM feedback WHERE card IN ({marks}) ORDER BY card", cards).fetchall()


def send(client: httpx.Client, *items: dict[str, Any]) -> httpx.Response:
    return client.post(FEEDBACK, json={"feedback": items})


GOOD = [
    ("accepted", accepted()),
    ("several suggestions", accepted(acceptedSuggestions=[{"id": str(uuid.uuid4())} for _ in range(3)])),
    ("overridden, nothing said", item()),
    ("nulls", item(overrideReason=None, acceptedSuggestions=None) | {"overrideReason": None, "acceptedSuggestions": None}),
    ("a reason", item(overrideReason=ALREADY_KNOWN)),
    ("words", item(overrideReason={"userComment": "DUPONT"})),
    ("words, spelt otherwise", item(overrideReason={"userComments": "DUPONT"})),
    ("no time", item(outcomeTimestamp=None)),
    ("an empty time", item(outcomeTimestamp="")),
    ("another zone", item(outcomeTimestamp="2026-03-02T09:00:00.123+05:30")),
    ("capitals", item(str(uuid.uuid4()).upper())),
    ("unknown members", item(extension={"x": 1}, more=[])),
]  # fmt: skip


@pytest.mark.clause("F1")
@pytest.mark.parametrize("sent", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_feedback_is_taken(remembering: httpx.Client, state: Path, sent: dict[str, Any]) -> None:
    reply = send(remembering, sent)
    assert (reply.status_code, reply.json()) == (200, {}), reply.text
    (row,) = stored(state, sent["card"].lower())
    assert row["outcome"] == sent["outcome"]
    assert json.loads(row["suggestions"]) == sorted(each["id"] for each in sent.get("acceptedSuggestions") or ())
    assert row["comment"] == "", "words may speak of a patient"


BAD = [
    ("no JSON", b"DUPONT", ""),
    ("not UTF-8", b'{"feedback": [{"card": "\xff"}]}', ""),
    ("an array", b"[]", "`feedback`"),
    ("no feedback", {}, "`feedback`"),
    ("no list", {"feedback": "DUPONT"}, "`feedback`"),
    ("no card", {"feedback": [item() | {"card": None}]}, "card"),
    ("no UUID", {"feedback": [item("DUPONT")]}, "`feedback[0].card`"),
    ("another outcome", {"feedback": [item(outcome="DUPONT")]}, "outcome"),
    ("accepted nothing", {"feedback": [accepted(), accepted(acceptedSuggestions=None)]}, "`feedback[1].acceptedSuggestions`"),
    ("accepted an empty list", {"feedback": [accepted(acceptedSuggestions=[])]}, "acceptedSuggestions"),
    ("accepted no UUID", {"feedback": [accepted(acceptedSuggestions=[{"id": "DUPONT"}])]}, "acceptedSuggestions"),
    ("an empty reason", {"feedback": [item(overrideReason={})]}, "overrideReason"),
    ("no time at all", {"feedback": [item(outcomeTimestamp="DUPONT")]}, "outcomeTimestamp"),
    ("too many", {"feedback": [item()] * 1001}, "1000"),
    ("deep", b'{"feedback": ' + b"[" * 100_000, ""),
]  # fmt: skip


@pytest.mark.clause("F1")
@pytest.mark.parametrize(("sent", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_no_feedback_is_refused(remembering: httpx.Client, sent: Any, said: str) -> None:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    reply = remembering.post(FEEDBACK, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()["resourceType"] == "OperationOutcome"
    assert said in reply.text
    assert "DUPONT" not in reply.text


@pytest.mark.clause("F2")
def test_the_same_twice_in_bulk_and_in_another_order_is_kept_once(remembering: httpx.Client, state: Path) -> None:
    items = [item(overrideReason=ALREADY_KNOWN), accepted(), item(outcomeTimestamp="2025-03-02T00:00:00Z")]
    cards = [each["card"] for each in items]
    for sent in (items[:1], items, items[::-1], items * 2):
        assert send(remembering, *sent).status_code == 200
    assert len(stored(state, *cards)) == len(items)


@pytest.mark.clause("F2")
def test_of_a_message_that_cannot_be_read_wholly_nothing_is_kept(remembering: httpx.Client, state: Path) -> None:
    good = item()
    assert send(remembering, good, item("DUPONT")).status_code == 400
    assert stored(state, good["card"]) == []


@pytest.mark.clause("F2")
def test_what_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    with serving(Settings(state_folder=tmp_path, store="postgresql://cds@127.0.0.1:1/nowhere")) as client:
        reply = send(client, item())
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "10"
        assert reply.json()["issue"][0]["code"] == "transient"
        asked = client.post(SERVICE, json=request(client))
        assert (asked.status_code, bool(asked.json()["cards"])) == (200, True)


@pytest.mark.clause("F3")
def test_an_unknown_card_is_kept_and_flagged_and_a_known_one_is_not(remembering: httpx.Client, state: Path) -> None:
    known = remembering.post(SERVICE, json=request(remembering)).json()["cards"][0]["uuid"]
    unknown = str(uuid.uuid4())
    assert send(remembering, item(unknown), item(known)).status_code == 200
    flags = {row["card"]: row["settled"] is None for row in stored(state, unknown, known)}
    assert flags[unknown]
    for _ in range(200):  # the card is carried to the store in the background
        if not flags[known]:
            break
        assert send(remembering, item(known)).status_code == 200
        flags = {row["card"]: row["settled"] is None for row in stored(state, unknown, known)}
    assert flags == {unknown: True, known: False}


@pytest.mark.clause("F3")
def test_an_unknown_service_is_refused(remembering: httpx.Client) -> None:
    assert remembering.post("/cds-services/DUPONT/feedback", json={"feedback": [item()]}).status_code == 404


def request(client: httpx.Client) -> dict[str, Any]:
    """patient-view of the dialysis patient."""
    advertised = client.get("/cds-services").json()["services"]
    service = next(each for each in advertised if each["hook"] == "patient-view")
    return request_body(demo_record("metastatic-dialysis"), service)
