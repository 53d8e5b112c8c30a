"""Backup and restore, by the commands that docs/operations.md shows, of a service under load."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.trust.replay_database import InDatabase
from tests.clients.peers import program, require
from tests.invariants.test_nothing_is_lost import SERVICE, Load, everything_is_stored, soon, stored
from tests.postgresql import Postgresql
from tests.process import Process, running

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SILENT = "calcification-cds.suppressed"


def commands(name: str) -> list[str]:
    """Those of the block `# name`, without those that stop and start the service: the tests have no systemd."""
    (block,) = re.findall(rf"```sh\n# {name}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for line in block.splitlines() if not line.startswith("systemctl ")]


def run(lines: list[str], **environment: str) -> None:
    done = subprocess.run(
        ["sh", "-euc", "\n".join(lines)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def loaded(base: str) -> Iterator[Load]:
    load = Load(base, clients=2).start()
    try:
        yield load
    finally:
        load.stop()


def ask(service: Process) -> dict[str, Any]:
    """About one patient, whom the load does not ask about."""
    with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
        request = client.get("/demo/venous-ulcer-failing").json()
        answer: dict[str, Any] = client.post(SERVICE.replace("soft-tissue-calcification", VENOUS), json=request).json()
    return answer


VENOUS = "chronic-venous-insufficiency"


def dismissed(service: Process) -> set[str]:
    """Cards that a clinician dismissed, and that are silent from now on."""
    cards = [each for each in ask(service)["cards"] if each["indicator"] != "critical"]
    items = [
        {"card": each["uuid"], "outcome": "overridden", "overrideReason": {"userComment": "known to us"}}
        for each in cards
    ]
    path = f"{service.base}/cds-services/{VENOUS}/feedback"
    assert httpx.post(path, json={"feedback": items}, trust_env=False, timeout=60).status_code == 200
    names = {each["source"]["topic"]["code"] for each in cards}
    assert names
    soon(lambda: everywhere_silent(service, names))
    return names


def everywhere_silent(service: Process, names: set[str]) -> bool:
    """In every worker: each connection meets one of them."""
    return all(silent(service) == names for _ in range(8))


def silent(service: Process) -> set[str]:
    return {each["card"] for each in ask(service).get("extension", {}).get(SILENT, ())}


def use_a_token(url: str) -> None:
    """What a service with clients does at any time: it makes its table where there is none."""

    async def use() -> None:
        used = InDatabase.at(url)
        assert used is not None
        assert await used.add(os.urandom(32), 0, 0)
        await used.close()

    asyncio.run(use())


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """Where the state, the backup and the key stand."""
    found = {name: tmp_path / name.lower() for name in ("CDS_STATE_FOLDER", "BACKUP", "KEYS")}
    for each in found.values():
        each.mkdir()
    return {name: str(each) for name, each in found.items()}


def environment(folders: dict[str, str], store: str = "") -> dict[str, str]:
    return {"CDS_STATE_FOLDER": folders["CDS_STATE_FOLDER"], "CDS_STORE": store, "CDS_DEMO": "true"}


def test_sqlite_comes_back_after_its_disk_was_damaged(folders: dict[str, str]) -> None:
    with require():
        program("sqlite3")
    state = Path(folders["CDS_STATE_FOLDER"])
    with running(environment(folders), "--workers", "2") as service:
        names = dismissed(service)
        with loaded(service.base) as load:
            load.until(answers=30)
            before = stored("", state)
            run(commands("backup: SQLite"), **folders)
            load.until(answers=10)
            service.kill()
    for damaged in ("memory.sqlite3", "memory.sqlite3-wal"):
        with (state / damaged).open("r+b") as file:
            file.write(b"x" * 4096)
    (state / "patient.key").unlink()
    run(commands("restore: SQLite"), **folders)
    with running(environment(folders)) as service:
        shown, dealt = stored("", state)
        assert before[0] <= shown
        assert before[1] <= dealt
        soon(lambda: everywhere_silent(service, names))
        with loaded(service.base) as load:
            load.until(answers=6)
        soon(lambda: everything_is_stored(load, "", state))
    assert {each.stat().st_mode & 0o077 for each in Path(folders["BACKUP"]).iterdir()} == {0}


def test_postgresql_comes_back_while_the_service_answers(
    folders: dict[str, str], postgresql_server: Postgresql
) -> None:
    name = f"restored{os.getpid()}"
    url, state = postgresql_server.create(name), Path(folders["CDS_STATE_FOLDER"])
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(postgresql_server.port), "PGUSER": "cds", "PGDATABASE": name}
    with running(environment(folders, url), "--workers", "2") as service:
        names = dismissed(service)
        use_a_token(url)
        with loaded(service.base) as load:
            load.until(answers=30)
            before = stored(url, state)
            run(commands("backup: PostgreSQL"), **folders, **place)
            load.until(answers=10)
        soon(lambda: everything_is_stored(load, url, state))
        with require():
            subprocess.run([program("dropdb"), "--force", name], env={**os.environ, **place}, check=True, timeout=60)
        with loaded(service.base) as meanwhile:
            meanwhile.until(answers=12)
            *empty, restore = commands("restore: PostgreSQL")
            run(empty, **folders, **place)
            use_a_token(url)
            run([restore], **folders, **place)
            meanwhile.until(answers=6)
        soon(lambda: everything_is_stored(meanwhile, url, state))
        assert set(meanwhile.refused) <= {503}, "only feedback, and only with the advice to send it again"
        shown, dealt = stored(url, state)
        assert before[0] <= shown
        assert before[1] <= dealt
        soon(lambda: everywhere_silent(service, names))
        assert service.stop() == 0
    with running(environment(folders, url)) as service:
        soon(lambda: everywhere_silent(service, names))
        assert not (state / "records.refused").exists()
