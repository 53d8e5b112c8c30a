"""Used tokens of a site with several machines: a table of the PostgreSQL database that they share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Column, Double, LargeBinary, MetaData, Table, delete, make_url, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cds.errors import ClientsError
from cds.trust.replay import MemoryLost

__all__ = ["InDatabase", "used_token"]

_SERVER: Final = "postgresql"
_DRIVER: Final = "postgresql+asyncpg"

_DEADLINE: Final = 2.0
"""Seconds after which a database that says nothing is passed over."""

_PAUSE: Final = 5.0
"""Seconds without asking a database that failed: waiting for it would delay every answer."""

_CONNECTIONS: Final = 8
_KEPT: Final = 3600.0
_FORGOTTEN: Final = 500
_EVERY: Final = 250

used_token = Table(
    "used_token",
    MetaData(),
    Column("token", LargeBinary(32), primary_key=True),
    Column("until", Double, nullable=False, index=True),
)
"""`token` is a SHA-256, `until` seconds since 1970."""

_MAKING: Final = text("SELECT pg_advisory_xact_lock(7526411553527181)")
"""Two processes that make the same table at once disturb each other."""


class InDatabase:
    """A row per token. The one that inserts it first has the token."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        deadline: float = _DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`engine` speaks to PostgreSQL; nothing is connected yet."""
        self._deadline = deadline
        self._engine = engine
        self._is_made = False
        self._monotonic = monotonic
        self._resting_until = float("-inf")
        self._added = 0

    @classmethod
    def at(
        cls, url: str, *, deadline: float = _DEADLINE, monotonic: Callable[[], float] = time.monotonic
    ) -> InDatabase | None:
        """That of the setting `CDS_STORE`; None where it names a database that machines do not share (SQLite, nothing).

        Raises ClientsError, which does not repeat `url`: it may hold a password.
        """
        try:
            parsed = make_url(url or "sqlite://")
        except ArgumentError:
            raise ClientsError("CDS_STORE must be a URL such as postgresql://user@host/database") from None
        if parsed.get_backend_name() != _SERVER:
            return None
        engine = create_async_engine(
            parsed.set(drivername=_DRIVER), hide_parameters=True, pool_size=_CONNECTIONS, max_overflow=0
        )
        return cls(engine, deadline=deadline, monotonic=monotonic)

    async def close(self) -> None:
        await self._engine.dispose()

    async def has(self, token: bytes) -> bool:
        """No: asking over the network costs more than the signature, and adding decides anyway."""
        del token
        return False

    async def add(self, token: bytes, until: float, now: float) -> bool:
        if self._monotonic() < self._resting_until:
            raise MemoryLost("the database: waiting for it to come back")
        try:
            async with asyncio.timeout(self._deadline), self._engine.connect() as plain:
                await self._make(plain)
                connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
                added = await connection.execute(
                    insert(used_token).values(token=token, until=until).on_conflict_do_nothing()
                )
                self._added += 1
                if self._added % _EVERY == 0:
                    old = select(used_token.c.token).where(used_token.c.until < now - _KEPT).limit(_FORGOTTEN)
                    await connection.execute(delete(used_token).where(used_token.c.token.in_(old)))
                return bool(added.rowcount)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            self._resting_until = self._monotonic() + _PAUSE
            self._is_made = False  # what comes back may be a database that was restored without it
            raise MemoryLost(f"the database: {type(error).__name__}") from None

    async def _make(self, connection: AsyncConnection) -> None:
        """Where the site gave no right to make tables, the table must be there."""
        if not self._is_made:
            async with connection.begin():
                await connection.execute(_MAKING)
                await connection.run_sync(used_token.metadata.create_all)
            self._is_made = True
