"""`cds demo load`: the transactions that it sends, its patience, and what it says of a server that will not have them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import pytest

from cds import cli
from cds.demo import WRITTEN_FOR, demo_patients, demo_transactions
from cds.errors import InputError
from cds.loading import load
from tests.servers.sockets import Asked, HttpServer, answer, http_server

TRANSACTIONS: Mapping[str, bytes] = {
    "one": b'{"resourceType": "Bundle", "id": "a"}',
    "two": b'{"resourceType": "Bundle"}',
}


@contextmanager
def server(metadata: list[int], transactions: list[int]) -> Iterator[HttpServer]:
    """Answers each kind of request with these statuses one after the other, and keeps to the last."""

    async def answering(asked: Asked, writer: asyncio.StreamWriter) -> None:
        statuses = metadata if asked.method == "GET" else transactions
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if not status:
            writer.close()
            return
        writer.write(answer(b'{"resourceType": "OperationOutcome", "id": "DUPONT"}', status))

    with http_server(answering) as running:
        yield running


def posted(running: HttpServer) -> list[bytes]:
    return [asked.body for asked in running.asked if asked.method == "POST"]


def test_each_bundle_is_sent_to_the_base_as_fhir_json() -> None:
    with server([200], [200]) as running:
        asyncio.run(load(running.base, TRANSACTIONS))
    assert posted(running) == list(TRANSACTIONS.values())
    last = running.asked[-1]
    assert (last.path, last.headers["content-type"]) == ("/fhir", "application/fhir+json")


def test_a_server_that_comes_up_is_waited_for() -> None:
    with server([0, 503, 200], [200]) as running:
        asyncio.run(load(running.base, TRANSACTIONS, patience=30))
    assert [asked.path for asked in running.asked][:3] == ["/fhir/metadata"] * 3
    assert len(posted(running)) == 2


@pytest.mark.parametrize("status", [0, 404, 503])
def test_a_server_that_does_not_come_up_gets_nothing(status: int) -> None:
    with server([status], [200]) as running, pytest.raises(InputError, match="does not answer GET /metadata"):
        asyncio.run(load(running.base, TRANSACTIONS))
    assert posted(running) == []


@pytest.mark.parametrize(
    ("status", "said"), [(422, "refuses the transaction of two with status 422"), (0, "does not answer")]
)
def test_a_refusal_is_named_without_what_the_server_said(status: int, said: str) -> None:
    with server([200], [200, status]) as running, pytest.raises(InputError, match=said) as raised:
        asyncio.run(load(running.base, TRANSACTIONS))
    assert "DUPONT" not in str(raised.value)


def test_the_command_sends_every_patient_as_of_the_date(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with server([200], [200]) as running:
        assert _cds(monkeypatch, "--server", f"{running.base}/", "--at", "2026-03-02") == 0
    assert [json.loads(each) for each in posted(running)] == [
        json.loads(file.read_text(encoding="utf-8")) for file in demo_patients().values()
    ]
    assert capfd.readouterr().out.startswith(f"Loaded {len(demo_patients())} patients: calciphylaxis-warning, ")


@pytest.mark.parametrize(
    ("url", "said"), [("hapi:8080/fhir", "an absolute URL"), ("http://127.0.0.1:1", "does not answer")]
)
def test_the_command_says_in_a_line_what_is_wrong(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _cds(monkeypatch, "--server", url) == cli.USAGE
    error = capfd.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def _cds(monkeypatch: pytest.MonkeyPatch, *options: str) -> object:
    monkeypatch.setattr(sys, "argv", ["cds", "demo", "load", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


def test_dates_move_with_the_day() -> None:
    written, later = (demo_transactions(day)["metastatic-dialysis"] for day in (WRITTEN_FOR, date(2026, 3, 12)))
    assert b'"2026-02-25T' in written
    assert b'"2026-03-07T' in later
    assert len(written) == len(later)
