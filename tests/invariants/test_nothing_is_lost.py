"""Killed, without a store, without a disk: answers flow, no card that was sent is missing from the audit, no feedback that
was acknowledged is lost. Real processes, real requests, a real database."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from cds.errors import StoreUnavailable
from cds.memory.store import Store, store_url
from cds.memory.tables import cards, feedback
from tests.ehr import request_body
from tests.postgresql import Postgresql
from tests.process import running
from tests.stories.telling import demo_record

pytestmark = pytest.mark.slow

SERVICE = "/cds-services/soft-tissue-calcification"


class Load:
    """Clients that ask and send feedback until they are told to stop, and what they were told."""

    def __init__(self, base: str, clients: int = 3) -> None:
        self._base = base
        self._stopping = threading.Event()
        self.answers = 0
        self.refused: list[int] = []
        """Status of each answer that was neither cards nor an acknowledgement."""
        self.shown: set[str] = set()
        self.acknowledged: set[str] = set()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        with httpx.Client(base_url=base, trust_env=False) as client:
            advertised = client.get("/cds-services").json()["services"]
        service = next(each for each in advertised if each["hook"] == "patient-view")
        self._request = request_body(demo_record("metastatic-dialysis"), service)

    def start(self) -> Load:
        for each in self._threads:
            each.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        for each in self._threads:
            each.join(timeout=60)

    def until(self, answers: int) -> None:
        """Wait for so many answers more."""
        wanted = self.answers + answers
        soon(lambda: self.answers >= wanted)

    def _run(self) -> None:
        with httpx.Client(base_url=self._base, trust_env=False, timeout=60) as client:
            for number in itertools.count():
                try:
                    self._once(client, number)
                except httpx.TransportError:  # killed
                    return
                if self._stopping.is_set():
                    return

    def _once(self, client: httpx.Client, number: int) -> None:
        reply = client.post(SERVICE, json=self._request | {"hookInstance": str(uuid.uuid4())})
        if reply.status_code != 200:
            self.refused.append(reply.status_code)
            return
        shown = [each["uuid"] for each in reply.json()["cards"]]
        self.shown.update(shown)
        self.answers += 1
        if number % 3 == 0:
            items = [{"card": each, "outcome": "overridden"} for each in shown]
            sent = client.post(f"{SERVICE}/feedback", json={"feedback": items})
            if sent.status_code == 200:
                self.acknowledged.update(shown)
            else:
                self.refused.append(sent.status_code)


def soon(condition: Callable[[], bool]) -> None:
    """What happens in the background, happens within a generous time."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def stored(url: str, folder: Path) -> tuple[set[str], set[str]]:
    """UUIDs of the cards, and of the cards with feedback, that are in the store."""

    async def read() -> tuple[set[str], set[str]]:
        store = Store(store_url(url, folder))
        try:
            shown = await store.rows(select(cards.c.uuid))
            dealt = await store.rows(select(feedback.c.card))
        finally:
            await store.close()
        return {row["uuid"] for row in shown}, {row["card"] for row in dealt}

    return asyncio.run(read())


def everything_is_stored(load: Load, url: str, folder: Path) -> bool:
    try:
        shown, dealt = stored(url, folder)
    except StoreUnavailable:
        return False
    return load.shown <= shown and load.acknowledged <= dealt


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_is_killed_has_forgotten_nothing(tmp_path: Path, workers: str) -> None:
    environment = {"CDS_STATE_FOLDER": str(tmp_path)}
    for _ in range(3):
        with running(environment, "--workers", workers) as service:
            load = Load(service.base).start()
            load.until(answers=12)
            service.kill()
            load.stop()
        assert load.shown
        assert load.acknowledged
        with running(environment) as service:  # the next start takes what the killed one left behind
            soon(lambda load=load: everything_is_stored(load, "", tmp_path))  # type: ignore[misc]


def test_a_service_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    with running({"CDS_STATE_FOLDER": str(tmp_path)}, "--workers", "2") as service:
        load = Load(service.base).start()
        load.until(answers=12)
        load.stop()
        assert service.stop() == 0
    assert everything_is_stored(load, "", tmp_path)
    assert {each.name.partition("-")[0] for each in tmp_path.iterdir()} == {"memory.sqlite3", "patient.key", "metrics"}


def test_a_store_that_stops_and_comes_back_costs_nothing(postgresql_server: Postgresql, tmp_path: Path) -> None:
    url = postgresql_server.create(f"lost{os.getpid()}")
    with running({"CDS_STATE_FOLDER": str(tmp_path), "CDS_STORE": url}, "--workers", "2") as service:
        load = Load(service.base).start()
        load.until(answers=12)
        postgresql_server.stop()
        try:
            load.until(answers=12)
        finally:
            postgresql_server.start()
        load.until(answers=12)
        load.stop()
        assert set(load.refused) <= {503}, "only feedback, and only with the advice to send it again"
        soon(lambda: everything_is_stored(load, url, tmp_path))
        assert service.stop() == 0


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of 256 KB. Skipped where nobody may mount one: then the limit of a file stands in for it, in
    tests/unit/memory/test_journal.py."""
    folder = Path(f"/tmp/cds-small-{uuid.uuid4().hex}")
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if sys.platform != "linux" or mount is None or subprocess.run(command, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("a small file system cannot be mounted by this user")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(file: Path) -> None:
    """Write until there is no room for more."""
    with file.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        while True:
            filling.write(b"x" * 512)


def test_a_full_disk_stops_no_answer_and_is_said(tmp_path: Path) -> None:
    with small_disk() as state:
        url = f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
        with running({"CDS_STATE_FOLDER": str(state), "CDS_STORE": url}) as service:
            load = Load(service.base).start()
            load.until(answers=3)
            filling = state / "full"
            fill(filling)
            soon(lambda: any("the journal cannot be written" in line for line in service.said))
            load.until(answers=12)
            filling.unlink()
            load.until(answers=3)
            load.stop()
            assert load.refused == []
            soon(lambda: everything_is_stored(load, url, tmp_path))
            assert service.stop() == 0


def test_a_request_cannot_be_used_to_fill_the_journal(tmp_path: Path) -> None:
    """What cannot be read is about nobody: it leaves a line in the log, and no record."""
    with running({"CDS_STATE_FOLDER": str(tmp_path)}) as service:
        with httpx.Client(base_url=service.base, trust_env=False) as client:
            for body in (b"", b"{}", json.dumps({"hook": "patient-view"}).encode(), b"x" * 100_000):
                sent: Any = {"content": body, "headers": {"content-type": "application/json"}}
                assert client.post(SERVICE, **sent).status_code in (400, 412)
        assert sum(each.stat().st_size for each in tmp_path.glob("*.journal")) == 0
