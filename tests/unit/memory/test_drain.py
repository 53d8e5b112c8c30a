"""From journal to store, on both databases."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, func, select, text

from cds.memory import migrations
from cds.memory.drain import Drain
from cds.memory.journal import SUFFIX, Journal
from cds.memory.store import Store
from cds.memory.tables import answers, cards
from tests.postgresql import Postgresql
from tests.unit.memory.records_by_hand import a_record, card, encode, with_store

NO_DATE = encode(msgspec.structs.replace(a_record(), at=2**70))


async def count(store: Store) -> int:
    return int((await store.rows(select(func.count()).select_from(answers)))[0]["count_1"])


def test_what_is_in_the_journal_comes_into_the_store(url: str, tmp_path: Path) -> None:
    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        for _ in range(3):
            for _ in range(100):
                journal.append(encode(a_record(card())))
            assert drain.depth > 0
            await drain.run()
            assert drain.depth == 0
        assert (await count(store), drain.stored) == (300, 300)

    with_store(url, run)


def test_what_a_process_left_behind_is_taken_too_and_its_file_removed(url: str, tmp_path: Path) -> None:
    async def run(store: Store) -> None:
        gone = Journal(tmp_path)
        for _ in range(50):
            gone.append(encode(a_record(card())))
        os.truncate(gone.path, gone.size - 10)
        gone.close()
        drain = Drain(Journal(tmp_path), tmp_path, store)
        await drain.run()
        assert await count(store) == 49
        assert drain.damaged > 0
        assert not gone.path.exists()

    with_store(url, run)


def test_a_large_journal_begins_a_new_file_once_it_is_taken(tmp_path: Path) -> None:
    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        first = journal.path
        while journal.size < 1 << 20:
            journal.append(encode(a_record(*(card() for _ in range(10)))))
        await drain.run()
        assert not first.exists()
        journal.append(encode(a_record()))
        await drain.run()
        assert await count(store) == drain.stored
        assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == 1

    with_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", run)


def test_two_journeys_at_a_time_lose_nothing(tmp_path: Path) -> None:
    """One that ends late must not take the new file for the old one."""

    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        written = 0
        for _ in range(4):
            while journal.size < 1 << 20:
                journal.append(encode(a_record(*(card() for _ in range(10)))))
                written += 1
            journeys = [asyncio.create_task(drain.run()) for _ in range(3)]
            await asyncio.sleep(0.01)
            journal.append(encode(a_record()))
            written += 1
            await asyncio.gather(*journeys)
        await drain.run()
        assert await count(store) == written

    with_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", run)


def test_what_is_no_record_does_not_keep_back_the_others(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        journal.append(encode(a_record()))
        journal.append(b'{"id": "incomplete"}')
        journal.append(NO_DATE)
        journal.append(encode(a_record()))
        drain = Drain(journal, tmp_path, store)
        with caplog.at_level(logging.CRITICAL):
            await drain.run()
        assert (await count(store), drain.depth) == (2, 0)
        refused = tmp_path / "records.refused"
        assert refused.read_bytes() == b'{"id": "incomplete"}\n' + NO_DATE + b"\n"
        assert refused.stat().st_mode & 0o077 == 0
        assert "it is set aside" in caplog.text

    with_store(url, run)  # fmt: skip


def test_a_store_that_takes_nothing_is_waited_for(url: str, tmp_path: Path) -> None:
    """It answers, but a restore has not brought its tables yet: no record is at fault, and none is set aside."""

    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        journal.append(encode(a_record(card())))
        await drain.run()
        async with store.connection() as connection:
            await connection.run_sync(migrations.downgrade)
        for _ in range(3):
            journal.append(encode(a_record(card())))
            await drain.run()
        assert drain.depth > 0
        async with store.connection() as connection:
            await connection.run_sync(migrations.upgrade)
        await drain.run()
        assert (await count(store), drain.depth) == (3, 0)
        assert not (tmp_path / "records.refused").exists()

    with_store(url, run)


def test_the_schema_of_a_newer_release_is_waited_for(url: str, tmp_path: Path) -> None:
    """An older release answers, keeps its journal, and finds a schema one day that it knows."""

    async def run(newer: Store) -> None:
        async def say(version: str) -> None:
            async with newer.transaction() as connection:
                await connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))

        async with newer.transaction() as connection:
            known = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        await say("9999")
        journal, store = Journal(tmp_path), Store(newer._engine.url)
        drain = Drain(journal, tmp_path, store)
        journal.append(encode(a_record(card())))
        journal.append(b"{}")
        for _ in range(2):
            await drain.run()
        assert drain.depth > 0
        assert not (tmp_path / "records.refused").exists()
        await say(known)
        await drain.run()
        assert (await count(store), drain.depth) == (1, 0)
        assert (tmp_path / "records.refused").read_bytes() == b"{}\n"
        await store.close()

    with_store(url, run)


@pytest.mark.slow
def test_a_database_that_may_only_be_read_is_waited_for(postgresql_server: Postgresql, tmp_path: Path) -> None:
    """As the second of two is, until it takes over."""
    url = postgresql_server.create("standby")

    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        await drain.run()
        for only_read in ("on", "off"):
            journal.append(encode(a_record(card())))
            async with store.transaction() as connection:
                await connection.execute(
                    text(f"ALTER DATABASE standby SET default_transaction_read_only = {only_read}")
                )
            await store.close()  # connections of before do not know it yet
            await drain.run()
            assert (drain.depth > 0) == (only_read == "on")
            async with store.transaction() as connection:
                await connection.execute(text("SET default_transaction_read_only = off"))
        assert await count(store) == 2
        assert not (tmp_path / "records.refused").exists()

    with_store(url, run)


def test_a_store_without_room_is_waited_for(tmp_path: Path) -> None:
    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        await drain.run()
        await store.close()
        limits = [100, 1_000_000]

        @event.listens_for(store._engine.sync_engine, "connect")
        def limit(connection: Any, _: Any) -> None:
            connection.execute(f"PRAGMA max_page_count = {limits[0]}")

        for _ in range(1000):
            journal.append(encode(a_record(card())))
        await drain.run()
        assert drain.depth > 0
        limits.pop(0)
        await store.close()
        await drain.run()
        assert (await count(store), drain.depth) == (1000, 0)
        assert not (tmp_path / "records.refused").exists()

    with_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", run)


@pytest.mark.slow
def test_a_record_that_the_store_refuses_does_not_keep_back_the_others(
    postgresql_server: Postgresql, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        refused = encode(a_record(client="no \0 in PostgreSQL"))
        for record in (encode(a_record()), refused, encode(a_record())):
            journal.append(record)
        drain = Drain(journal, tmp_path, store)
        with caplog.at_level(logging.CRITICAL):
            await drain.run()
        assert (await count(store), drain.depth) == (2, 0)
        assert (tmp_path / "records.refused").read_bytes() == refused + b"\n"
        assert "it is set aside" in caplog.text

    with_store(postgresql_server.create("refusing"), run)


@pytest.mark.slow
def test_a_store_that_was_down_is_caught_up(
    postgresql_server: Postgresql, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        journal.append(encode(a_record(card())))
        await drain.run()
        postgresql_server.stop()
        try:
            for _ in range(3):
                journal.append(encode(a_record(card())))
                await drain.run()
            assert drain.depth > 0
        finally:
            postgresql_server.start()
        await drain.run()
        assert drain.depth == 0
        assert await count(store) == 4
        assert len(await store.rows(select(cards))) == 4

    with_store(postgresql_server.create("outage"), run)
    assert caplog.text.count("the store is unavailable") == 1
    assert caplog.text.count("the store is back") == 1


def test_a_store_that_is_locked_is_waited_for(tmp_path: Path) -> None:
    """Another process writes into the same SQLite file."""

    async def run(store: Store) -> None:
        journal = Journal(tmp_path)
        drain = Drain(journal, tmp_path, store)
        await drain.run()
        other = Store(store._engine.url)
        async with other.transaction() as connection:
            await connection.execute(text("DELETE FROM answers"))
            journal.append(encode(a_record()))
            waiting = asyncio.create_task(drain.run())
            await asyncio.sleep(0.2)
            assert not waiting.done()
        await waiting
        assert await count(store) == 1
        await other.close()

    with_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", run)
