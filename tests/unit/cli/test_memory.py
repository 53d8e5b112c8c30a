"""`cds report` and `cds audit`, as they are typed."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cds.memory import intake
from cds.memory.records import SilentCard
from cds.memory.store import Store, store_url
from tests.unit.memory.records_by_hand import a_record, card

pytestmark = pytest.mark.slow

SILENT = (SilentCard("C-PHPT", "MET-PHPT", "e", "settled"),)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    async def fill() -> None:
        store = Store(store_url("", tmp_path))
        async with store.transaction() as connection:
            await intake.take(connection, [a_record(card(), card("C-FORM", "info"), silent=SILENT)])
        await store.close()

    asyncio.run(fill())
    return tmp_path


def cds(state: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cds", *arguments],
        env={**os.environ, "CDS_STATE_FOLDER": str(state), "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_report_is_a_table_json_or_csv(state: Path) -> None:
    table = said(cds(state, "report"))
    assert all(word in table for word in ("metz", "C-PHPT", "C-FORM", "suppressed"))
    rows: list[dict[str, Any]] = json.loads(said(cds(state, "report", "--json")))
    assert [(row["card"], row["shown"], row["suppressed"]) for row in rows] == [("C-FORM", 1, 0), ("C-PHPT", 1, 1)]
    lines = list(csv.DictReader(io.StringIO(said(cds(state, "report", "--csv")))))
    assert [(line["card"], line["shown"], line["medianSecondsToAct"]) for line in lines] == [
        ("C-FORM", "1", ""),
        ("C-PHPT", "1", ""),
    ]
    assert json.loads(said(cds(state, "report", "--json", "--since", "2100-01-01"))) == []


def test_the_audit_trail_is_printed_one_event_per_line_and_forgotten(state: Path) -> None:
    (event,) = map(json.loads, said(cds(state, "audit", "export")).splitlines())
    assert event["resourceType"] == "AuditEvent"
    assert said(cds(state, "audit", "export", "--since", "2100-01-01")) == ""
    assert said(cds(state, "audit", "purge", "--older-than", "99y")) == "Forgotten: 0 answers, 0 items of feedback.\n"
    assert said(cds(state, "audit", "purge", "--older-than", "1d")) == "Forgotten: 1 answers, 0 items of feedback.\n"
    assert said(cds(state, "audit", "export")) == ""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("report", "--since", "yesterday"), "give a date"),
        (("audit", "purge", "--older-than", "long"), "give days or years"),
        (("audit", "purge"), "--older-than"),
    ],
)
def test_what_cannot_be_meant_is_refused(state: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = cds(state, *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_a_store_that_is_not_there_is_said_in_one_line(state: Path) -> None:
    done = cds(state, "report", CDS_STORE="postgresql://cds:secret@127.0.0.1:1/nowhere")
    assert (done.returncode, done.stderr) == (2, "cds: the store cannot be used (ConnectionRefusedError)\n")
