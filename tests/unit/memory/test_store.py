"""The schema, and the way into it, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from cds.errors import StateError, StoreUnavailable
from cds.memory import intake, migrations
from cds.memory.records import SilentCard
from cds.memory.store import Store, store_url
from cds.memory.tables import answers, cards, metadata, silences
from tests.unit.memory.records_by_hand import a_record, card, with_store


def test_the_schema_is_that_of_the_tables_and_can_be_taken_back(url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    def tables(connection: Connection) -> list[str]:
        return inspect(connection).get_table_names()

    async def run(store: Store) -> None:
        async with store.transaction() as connection:
            assert await connection.run_sync(differences) == []
            assert set(await connection.run_sync(tables)) == {*metadata.tables, "alembic_version"}
        async with store.connection() as connection:
            await connection.run_sync(migrations.downgrade)
        async with store.connection() as connection:
            assert await connection.run_sync(tables) == ["alembic_version"]
            await connection.run_sync(migrations.upgrade)
        async with store.transaction() as connection:
            assert await connection.run_sync(differences) == []

    with_store(url, run)


def test_many_that_start_together_make_one_schema(url: str) -> None:
    async def run() -> None:
        stores = [Store(store_url(url, Path())) for _ in range(5)]
        assert all(await asyncio.gather(*(each.answers() for each in stores)))
        for each in stores:
            await each.close()

    asyncio.run(run())


def test_a_schema_of_a_newer_release_is_left_alone(url: str) -> None:
    async def run(store: Store) -> None:
        async with store.transaction() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        another = Store(store_url(url, Path()))
        with pytest.raises(StoreUnavailable) as raised:
            await another.rows(select(answers))
        assert raised.value.cause == "Failed"
        await another.close()

    with_store(url, run)


def test_a_record_is_stored_whole_and_once(url: str) -> None:
    said = a_record(card("C-PHPT"), card("C-FORM", "info"), silent=(SilentCard("C-DDX", "DDX-1", "e", "settled"),))
    empty = a_record()

    async def run(store: Store) -> None:
        for _ in range(2):
            async with store.transaction() as connection:
                await intake.take(connection, [said, empty, said])
        stored = await store.rows(select(answers).where(answers.c.id == said.id))
        assert [dict(each) for each in stored] == [
            {
                "id": said.id, "at": said.at, "client": "metz", "service": said.service, "hook": said.hook,
                "instance": said.instance, "patient": "p", "knowledge": "1+abc", "duration": 1500, "outcome": "answered",
                "prefetch": {"patient": "present", "conditions": "none"},
            }
        ]  # fmt: skip
        assert len(await store.rows(select(answers))) == 2
        rows = {row["uuid"]: row for row in await store.rows(select(cards))}
        assert set(rows) == {each.uuid for each in said.cards}
        for each in said.cards:
            row = rows[each.uuid]
            assert (row["answer"], row["card"], row["rule"], row["indicator"], row["evidence"], row["suggestions"]) == (
                said.id, each.card, each.rule, each.indicator, each.evidence, list(each.suggestions),
            )  # fmt: skip
        (silence,) = await store.rows(select(silences))
        assert (silence["answer"], silence["card"], silence["reason"]) == (said.id, "C-DDX", "settled")

    with_store(url, run)


def test_words_stay_words(url: str) -> None:
    """Nothing of a record is read as SQL, as a placeholder or as JSON."""
    odd = """:batch '; DROP TABLE cards; -- {"a": [1]} é %s \\ \""""

    async def run(store: Store) -> None:
        async with store.transaction() as connection:
            await intake.take(connection, [a_record(card("1"), client=odd, patient="007")])
        assert (await store.rows(select(answers.c.client, answers.c.patient)))[0] == {"client": odd, "patient": "007"}
        assert (await store.rows(select(cards.c.card)))[0] == {"card": "1"}

    with_store(url, run)


def test_a_store_that_is_not_there_says_only_that() -> None:
    async def run(store: Store) -> None:
        assert not await store.answers()
        with pytest.raises(StoreUnavailable) as raised:
            await store.rows(select(answers))
        assert "secret" not in str(raised.value) + raised.value.cause

    with_store("postgresql://cds:secret@127.0.0.1:1/nowhere", run)


@pytest.mark.parametrize("given", ["secret", "mysql://secret@host/db", "://secret"])
def test_a_url_that_cannot_be_is_refused_without_quoting_it(given: str, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="CDS_STORE must") as raised:
        store_url(given, tmp_path)
    assert "secret" not in str(raised.value)


def test_by_default_it_stands_beside_the_journal(tmp_path: Path) -> None:
    assert store_url("", tmp_path).database == str(tmp_path / "memory.sqlite3")
    assert store_url("postgres://cds@host/db", tmp_path).drivername == "postgresql+asyncpg"


def test_nobody_else_can_read_an_embedded_store(tmp_path: Path) -> None:
    """Nor its log, and though a site made the folder for everybody."""
    tmp_path.chmod(0o755)

    async def run(store: Store) -> None:
        await store.rows(select(answers))
        assert {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == dict.fromkeys(
            ("store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm"), 0o600
        )

    with_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", run)
