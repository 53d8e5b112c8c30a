"""Used tokens of a site with several machines: a table of the PostgreSQL database that they share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Column, Double, LargeBinary, MetaData, Table, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cds.trust.replay import MemoryLost

__all__ = ["InDatabase", "used_token"]

_DEADLINE: Final = 0.5
_PAUSE: Final = 5.0
"""Seconds without asking a database that failed: waiting for it would delay every answer."""

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


class InDatabase:
    """A row per token. The one that inserts it first has the token."""

    def __init__(self, engine: AsyncEngine, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`engine` speaks to PostgreSQL; nothing is connected yet."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._monotonic = monotonic
        self._resting_until = float("-inf")
        self._added = 0

    async def has(self, token: bytes) -> bool:
        """No: asking over the network costs more than the signature, and adding decides anyway."""
        del token
        return False

    async def add(self, token: bytes, until: float, now: float) -> bool:
        if self._monotonic() < self._resting_until:
            raise MemoryLost("the database: waiting for it to come back")
        try:
            async with asyncio.timeout(_DEADLINE), self._engine.connect() as connection:
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
            raise MemoryLost(f"the database: {type(error).__name__}") from None
