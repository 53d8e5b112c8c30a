"""Every memory of used tokens keeps the same promises."""

from __future__ import annotations

import asyncio
import itertools
import logging
import multiprocessing
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cds.errors import ClientsError
from cds.trust.replay import InProcess, MemoryLost, Together, UsedTokens
from cds.trust.replay_database import InDatabase, used_token
from cds.trust.replay_file import InFile
from tests.postgresql import Postgresql

pytestmark = pytest.mark.anyio
_NUMBER = itertools.count()
NOW = 1_772_445_600.0


@pytest.fixture(params=["process", "file", pytest.param("database", marks=pytest.mark.slow)])
async def memory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UsedTokens]:
    if request.param == "process":
        yield InProcess()
    elif request.param == "file":
        yield InFile(tmp_path)
    else:
        server: Postgresql = request.getfixturevalue("postgresql_server")
        shared = InDatabase.at(server.create(f"used{next(_NUMBER)}"), deadline=60)
        assert shared is not None
        yield shared
        await shared.close()


async def test_a_token_is_new_once(memory: UsedTokens) -> None:
    one, other = os.urandom(32), os.urandom(32)
    assert not await memory.has(one)
    assert await memory.add(one, NOW + 330, NOW)
    assert not await memory.add(one, NOW + 330, NOW)
    assert await memory.add(other, NOW + 330, NOW)


async def test_what_is_remembered_outlives_closing(tmp_path: Path) -> None:
    memory = Together([InProcess(), InFile(tmp_path)])
    token = os.urandom(32)
    assert await memory.add(token, NOW + 330, NOW)
    await memory.close()
    assert not list(tmp_path.glob("*-wal")), "the write-ahead log is merged into the file"
    assert await InFile(tmp_path).has(token)
    assert not await memory.add(token, NOW + 330, NOW)
    await memory.close()


async def test_of_many_at_once_one_wins(memory: UsedTokens) -> None:
    token = os.urandom(32)
    won = await asyncio.gather(*(memory.add(token, NOW + 330, NOW) for _ in range(20)))
    assert sorted(won) == [False] * 19 + [True]


async def test_what_is_still_valid_is_never_forgotten(memory: UsedTokens) -> None:
    """And what is old does not stay for ever."""
    kept = [os.urandom(32) for _ in range(50)]
    for token in kept:
        assert await memory.add(token, NOW + 86_400, NOW)
    for number in range(1000):
        assert await memory.add(os.urandom(32), NOW + number, NOW + number)
    for token in kept:
        assert not await memory.add(token, NOW + 86_400, NOW + 1000)


async def test_a_process_forgets_what_is_over() -> None:
    memory = InProcess()
    for second in range(10_000):
        await memory.add(os.urandom(32), NOW + second + 10, NOW + second)
    assert len(memory._until) < 20


async def test_a_file_forgets_what_is_long_over(tmp_path: Path) -> None:
    memory = InFile(tmp_path)
    for second in range(0, 100_000, 10):
        await memory.add(os.urandom(32), NOW + second + 10, NOW + second)
    with sqlite3.connect(tmp_path / "used-tokens.sqlite") as file:
        left = file.execute("SELECT count(*) FROM used").fetchone()[0]
    assert 360 <= left < 600


async def test_a_file_outlives_its_process(tmp_path: Path) -> None:
    token = os.urandom(32)
    assert await InFile(tmp_path).add(token, NOW + 330, NOW)
    again = InFile(tmp_path)
    assert await again.has(token)
    assert not await again.add(token, NOW + 330, NOW)


def _race(folder: Path, start: Callable[[], int], results: multiprocessing.Queue[int]) -> None:
    memory = InFile(folder)
    start()
    won = sum(asyncio.run(memory.add(number.to_bytes(32, "big"), NOW + 330, NOW)) for number in range(500))
    results.put(won)


@pytest.mark.slow
def test_processes_that_race_for_the_same_tokens_get_each_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    racing = [context.Process(target=_race, args=(tmp_path, barrier.wait, results)) for _ in range(3)]
    for each in racing:
        each.start()
    won = [results.get(timeout=60) for _ in racing]
    for each in racing:
        each.join()
    assert sum(won) == 500


async def test_a_damaged_file_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "used-tokens.sqlite"
    file.write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.ERROR):
        memory = InFile(tmp_path)
    assert "damaged" in caplog.text
    assert await memory.add(os.urandom(32), NOW + 330, NOW)


async def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    """Nor its log, and though a site made the folder for everybody."""
    tmp_path.chmod(0o755)
    memory = InFile(tmp_path)
    assert await memory.add(b"x", NOW, NOW)
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
    await memory.close()


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ClientsError, match="CDS_STATE_FOLDER"):
        InFile(tmp_path / "taken")


async def test_what_is_lost_is_passed_over_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file is gone bad under the running service; the memory of the process still holds."""
    memory = Together([InProcess(), InFile(tmp_path)])
    assert await memory.add(os.urandom(32), NOW + 330, NOW)
    file = tmp_path / "used-tokens.sqlite"
    for each in tmp_path.iterdir():
        each.write_bytes(b"x" * 8192)
    token = os.urandom(32)
    with caplog.at_level(logging.ERROR):
        assert not await memory.has(token)
        assert await memory.add(token, NOW + 330, NOW)
        assert not await memory.add(token, NOW + 330, NOW)
        assert await memory.has(token)
    assert len(caplog.records) == 1
    assert "not remembered everywhere: the file" in caplog.text
    assert file.exists()


@pytest.mark.slow
async def test_machines_that_share_a_database_share_their_memory(postgresql_server: Postgresql, tmp_path: Path) -> None:
    url = postgresql_server.create(f"used{next(_NUMBER)}")
    databases = [InDatabase.at(url, deadline=60) for _ in range(2)]
    machines = [
        Together([InProcess(), InFile(tmp_path / str(number)), database])
        for number, database in enumerate(databases)
        if database
    ]
    tokens = [os.urandom(32) for _ in range(20)]
    won = await asyncio.gather(*(machine.add(token, NOW + 330, NOW) for token in tokens for machine in machines))
    assert sum(won) == len(tokens)
    for each in databases:
        assert each is not None
        await each.close()


@pytest.mark.slow
async def test_a_database_that_was_restored_without_its_table_gets_one(postgresql_server: Postgresql) -> None:
    """As from a backup of the time before there were clients."""
    seconds = [0.0]
    url = postgresql_server.create(f"used{next(_NUMBER)}")
    shared = InDatabase.at(url, deadline=60, monotonic=lambda: seconds[0])
    assert shared is not None
    assert await shared.add(b"first", NOW + 330, NOW)
    async with shared._engine.begin() as connection:
        await connection.run_sync(used_token.metadata.drop_all)
    with pytest.raises(MemoryLost):
        await shared.add(b"second", NOW + 330, NOW)
    seconds[0] += 5
    assert await shared.add(b"second", NOW + 330, NOW)
    assert not await shared.add(b"second", NOW + 330, NOW)
    await shared.close()


@pytest.mark.slow
async def test_a_database_that_stops_costs_no_answer_and_is_used_again(postgresql_server: Postgresql) -> None:
    seconds = [0.0]
    shared = InDatabase.at(postgresql_server.create(f"used{next(_NUMBER)}"), deadline=60, monotonic=lambda: seconds[0])
    assert shared is not None
    memory = Together([InProcess(), shared])
    token = os.urandom(32)
    assert await memory.add(token, NOW + 330, NOW)
    postgresql_server.stop()
    try:
        lost = os.urandom(32)
        assert await memory.add(lost, NOW + 330, NOW)
        assert not await memory.add(lost, NOW + 330, NOW), "this process still remembers"
        with pytest.raises(MemoryLost, match="waiting"):
            await shared.add(os.urandom(32), NOW + 330, NOW)
    finally:
        postgresql_server.start()
    seconds[0] += 10
    assert not await shared.add(token, NOW + 330, NOW), "what was written down before is still there"
    await shared.close()


@pytest.mark.parametrize("url", ["", "sqlite:///x.db"])
def test_only_postgresql_is_shared(url: str) -> None:
    assert InDatabase.at(url) is None


def test_a_wrong_url_is_not_repeated() -> None:
    with pytest.raises(ClientsError) as refused:
        InDatabase.at("no url with a SECRET")
    assert "SECRET" not in str(refused.value)
