"""What a clinician dealt with is not shown again: on a real server, with its own store and rules."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.settings import Settings
from tests.clock import NOW
from tests.ehr import Ehr, request_body
from tests.serving import serving
from tests.stories.telling import demo_record

SERVICE = "/cds-services/soft-tissue-calcification"
SILENT = "calcification-cds.suppressed"
ALL = ["C-CKDMBD", "C-HDARTH", "C-CLASS-MET"]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


def ask(client: httpx.Client, record: Ehr | None = None, **more: Any) -> dict[str, Any]:
    advertised = client.get("/cds-services").json()["services"]
    service = next(each for each in advertised if each["hook"] == "patient-view")
    reply = client.post(SERVICE, json=request_body(record or demo_record("metastatic-dialysis"), service) | more)
    assert reply.status_code == 200
    answer: dict[str, Any] = reply.json()
    return answer


def cards(answer: dict[str, Any]) -> list[str]:
    return [each["source"]["topic"]["code"] for each in answer["cards"]]


def deal(client: httpx.Client, clock: Clock, card: dict[str, Any], **more: Any) -> None:
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": clock().isoformat(), **more}
    assert client.post(f"{SERVICE}/feedback", json={"feedback": [item]}).status_code == 200


def soon(condition: Callable[[], bool]) -> None:
    """What happens in the background, happens within a generous time."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def known(state: Path, table: str = "cards") -> int:
    """How many rows are in the store."""
    with closing(sqlite3.connect(state / "memory.sqlite3")) as store:
        try:
            return int(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        except sqlite3.OperationalError:  # no schema yet
            return 0


def test_a_card_that_was_dismissed_is_silent_for_its_time(tmp_path: Path) -> None:
    clock = Clock()
    reason = {"overrideReason": {"reason": {"code": "already-known"}}}
    with serving(Settings(state_folder=tmp_path), clock=clock) as client:
        first = ask(client)
        assert cards(first) == ALL
        soon(lambda: known(tmp_path) >= 3)
        deal(client, clock, first["cards"][1], **reason)
        again = ask(client)
        assert cards(again) == ["C-CKDMBD", "C-CLASS-MET"]
        (silent,) = again["extension"][SILENT]
        assert (silent["card"], silent["rule"], silent["reason"]) == ("C-HDARTH", "MET-HD", "settled")
        assert "C-HDARTH" in again["extension"]["calcification-cds.evaluation"]["suppressedCards"]

        another = Ehr("another", demo_record("metastatic-dialysis").resources)
        another.resources = [_of("another", each) for each in another.resources]
        assert cards(ask(client, another)) == ALL, "another patient"
        assert cards(ask(client, fhirServer="https://other.example/fhir")) == ALL, (
            "the same id in another record system"
        )

        clock.passes(days=29)
        assert cards(ask(client)) == ["C-CKDMBD", "C-CLASS-MET"]
    with serving(Settings(state_folder=tmp_path), clock=clock) as client:
        soon(lambda: cards(ask(client)) == ["C-CKDMBD", "C-CLASS-MET"])  # after a restart, from the store
        clock.passes(days=2)
        assert cards(ask(client)) == ALL


def test_what_was_only_shown_or_closed_is_shown_again(tmp_path: Path) -> None:
    clock = Clock()
    with serving(Settings(state_folder=tmp_path), clock=clock) as client:
        for _ in range(3):
            first = ask(client)
            assert cards(first) == ALL
        soon(lambda: known(tmp_path) >= 9)
        deal(client, clock, first["cards"][1])
        assert cards(ask(client)) == ALL


def test_new_evidence_is_shown(tmp_path: Path) -> None:
    clock = Clock()
    record = demo_record("metastatic-dialysis")
    with serving(Settings(state_folder=tmp_path), clock=clock) as client:
        first = ask(client, record)
        soon(lambda: known(tmp_path) >= 3)
        chosen = first["cards"][0]
        deal(client, clock, chosen, outcome="accepted", acceptedSuggestions=[{"id": chosen["suggestions"][0]["uuid"]}])
        assert cards(ask(client, record)) == ["C-HDARTH", "C-CLASS-MET"]
        for each in record.resources:
            if "phosph" in str(each.get("code", "")).lower() and "valueQuantity" in each:
                each["valueQuantity"]["value"] = each["valueQuantity"]["value"] + 0.1
        assert cards(ask(client, record)) == ALL


def test_feedback_that_comes_before_its_card_is_stored_counts_later(tmp_path: Path) -> None:
    clock = Clock()
    with serving(Settings(state_folder=tmp_path), clock=clock) as client:
        first = ask(client)
        deal(client, clock, first["cards"][1], overrideReason={"userComment": "known to us"})
        soon(lambda: cards(ask(client)) == ["C-CKDMBD", "C-CLASS-MET"])


@pytest.mark.slow
def test_what_one_process_was_told_another_knows_soon(tmp_path: Path) -> None:
    clock = Clock()
    settings = Settings(state_folder=tmp_path)
    with serving(settings, clock=clock) as one, serving(settings, clock=clock) as other:
        first = ask(one)
        soon(lambda: known(tmp_path) >= 3)
        deal(one, clock, first["cards"][1], overrideReason={"reason": {"code": "data-wrong"}})
        soon(lambda: cards(ask(other)) == ["C-CKDMBD", "C-CLASS-MET"])


def test_a_site_has_its_own_times_and_limits(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "suppression.yaml").write_text("with-reason: 0\nmost-a-day: [{id: C-HDARTH, times: 2}]\n")
    clock = Clock()
    with serving(Settings(state_folder=tmp_path, rules_folder=rules), clock=clock) as client:
        answers = [ask(client) for _ in range(3)]
        assert [cards(each) for each in answers] == [ALL, ALL, ["C-CKDMBD", "C-CLASS-MET"]]
        assert answers[2]["extension"][SILENT][0]["reason"] == "often"
        clock.passes(days=1)
        assert cards(ask(client)) == ALL


def test_answers_flow_whatever_the_clock_does(tmp_path: Path) -> None:
    """An evaluation depends on the date, an answer does not; what was dealt with stays dealt with."""
    clock = Clock()
    with serving(Settings(state_folder=tmp_path), clock=clock) as client:
        first = ask(client)
        soon(lambda: known(tmp_path) >= 3)
        deal(client, clock, first["cards"][1], overrideReason={"reason": {"code": "already-known"}})
        for jump in ({"days": -3650}, {"days": 3650 * 5}, {"days": -3650 * 4}):
            clock.passes(**jump)
            before = known(tmp_path, "answers")
            ask(client)
            deal(client, clock, first["cards"][0], overrideReason={"userComment": "x"})
            soon(lambda before=before: known(tmp_path, "answers") > before)  # type: ignore[misc]
        clock.now = NOW
        assert cards(ask(client)) == ["C-CLASS-MET"]


def test_without_memory_nothing_is_kept_and_no_feedback_taken(tmp_path: Path) -> None:
    with serving(Settings(state_folder=tmp_path, memory=False)) as client:
        assert cards(ask(client)) == ALL
        assert client.post(f"{SERVICE}/feedback", json={"feedback": []}).status_code == 404
    assert list(tmp_path.iterdir()) == []


def _of(patient: str, resource: Any) -> Any:
    """`resource`, about another patient."""
    if isinstance(resource, dict):
        if resource.get("resourceType") == "Patient":
            return resource | {"id": patient}
        return {key: _of(patient, value) for key, value in resource.items()}
    if isinstance(resource, list):
        return [_of(patient, each) for each in resource]
    if isinstance(resource, str) and resource.startswith("Patient/"):
        return f"Patient/{patient}"
    return resource
