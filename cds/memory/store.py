"""The database of what was said: SQLite beside the journal, or PostgreSQL. Nothing here is waited for by an answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, event, make_url
from sqlalchemy.engine import URL, RowMapping
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

from cds.errors import StateError, StoreUnavailable
from cds.memory import migrations
from cds.memory.tables import answers

__all__ = ["Store", "store_url"]

_SECONDS = 10
"""How long a connection, a lock or a statement is waited for."""
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_FILE = "memory.sqlite3"
_OWNER_ONLY = 0o600
_ROOM = 65_536
"""Bytes that a database must have room for: more than a record takes."""
_PROBE = {
    each.name: 0 if isinstance(each.type, BigInteger) else "" for each in answers.columns if each.name != "prefetch"
}
"""An answer about nobody, never left there."""


def store_url(given: str, folder: Path) -> URL:
    """The database that was `given`, else a SQLite file in `folder`. Raises StateError; it never quotes what was given."""
    try:
        url = make_url(given or f"sqlite:///{folder / _FILE}")
    except ArgumentError:
        raise StateError("CDS_STORE must be a URL such as postgresql://user@host/database") from None
    kind = url.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise StateError("CDS_STORE must begin with postgresql:// or sqlite:///")
    return url.set(drivername=_DRIVERS[kind])


class Store:
    """Connections to one database. Made and used by one event loop."""

    def __init__(self, url: URL) -> None:
        self.is_sqlite = url.drivername.startswith("sqlite")
        self._engine = _sqlite(url) if self.is_sqlite else _postgresql(url)
        self._migrated = False
        self.up = True
        """Whether the database took what it was asked the last time."""

    def connection(self) -> AsyncConnection:
        """A connection as it comes, to a schema of any age, for whoever upgrades it. Raises SQLAlchemyError, OSError."""
        return self._engine.connect()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at its end; the schema is brought up to date before the first one.

        Raises StoreUnavailable, whatever is wrong with the database.
        """
        try:
            async with asyncio.timeout(3 * _SECONDS):
                await self._migrate()
                async with self._engine.begin() as connection:
                    yield connection
            self.up = True
        except (SQLAlchemyError, OSError, TimeoutError, migrations.Failed) as error:
            self.up = False
            raise StoreUnavailable(_name(error)) from None

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        """What `statement` selects. Raises StoreUnavailable."""
        async with self.transaction() as connection:
            return (await connection.execute(statement, values)).mappings().all()

    async def answers(self) -> bool:
        """Whether the database takes what answers leave: it is there with its tables, may be written, and has room.

        What it refuses all the same is itself at fault.
        """
        probe = {**_PROBE, "id": str(uuid4()), "prefetch": {"probe": token_hex(_ROOM // 2)}}
        try:
            async with self.transaction() as connection:
                await connection.execute(answers.insert().values(probe))
                await connection.execute(answers.delete().where(answers.c.id == probe["id"]))
        except StoreUnavailable:
            return False
        return True

    async def close(self) -> None:
        await self._engine.dispose()

    async def _migrate(self) -> None:
        if not self._migrated:
            async with self.connection() as connection:
                await connection.run_sync(migrations.upgrade)
            self._migrated = True


def _name(error: BaseException) -> str:
    """What went wrong, without the words: they may quote a value or an address."""
    original = getattr(error, "orig", None)
    return type(original or error).__name__


def _make(file: Path) -> None:
    """For its owner only, whatever the folder is like: SQLite would let everybody read it. Its log becomes like it."""
    with suppress(OSError):  # whoever connects hears of it
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))


def _postgresql(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_size=2,
        max_overflow=4,
        pool_timeout=_SECONDS,
        pool_pre_ping=True,
        connect_args={"timeout": _SECONDS, "command_timeout": 2 * _SECONDS},
    )


def _sqlite(url: URL) -> AsyncEngine:
    """WAL, so that readers and the one writer do not wait for each other; a commit is on the disk (FULL)."""
    if url.database:
        _make(Path(url.database))
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": _SECONDS})

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins transactions too late: see the next function
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_SECONDS * 1000}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("alone") else "BEGIN")

    return engine
