"""Used tokens of one machine: a SQLite file that its processes share and that outlives them."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from cds.errors import ClientsError
from cds.trust.replay import MemoryLost

__all__ = ["InFile"]

_LOG = logging.getLogger(__name__)
_NAME: Final = "used-tokens.sqlite"
_OWNER_ONLY: Final = 0o600
_WAIT: Final = 1.0
"""Seconds to wait for another process, which writes for less than a millisecond."""

_KEPT: Final = 3600.0
"""Seconds beyond its end that a token is remembered: a clock that is set back must not revive it."""

_FORGOTTEN: Final = 200
_EVERY: Final = 100
"""Old tokens are forgotten in small portions, so that nobody waits for it: at most so many, at every so many new ones."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS used (token BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS used_until ON used (until);
"""


class InFile:
    """A row per token, committed before the answer.

    A write-ahead log, and nobody waits for the disk: a commit takes 20 µs, where waiting would hold up every call for up
    to 100 ms. A killed process loses nothing. A machine that loses power may lose the tokens of its last seconds, or
    damage the file: it is then begun anew.
    """

    def __init__(self, folder: Path) -> None:
        """Makes the folder and the file. Raises ClientsError when they cannot be written."""
        self._folder = folder
        self._file = folder / _NAME
        self._connection: sqlite3.Connection | None = None
        self._added = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))  # SQLite would let everybody read it
            self._begin()
        except (OSError, sqlite3.Error):
            raise ClientsError(f"{self._file}: used tokens cannot be remembered here (CDS_STATE_FOLDER)") from None

    def _begin(self) -> None:
        try:
            with closing(self._connect()) as connection:
                sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        except sqlite3.OperationalError:  # it is locked, or cannot be written: no reason to begin anew
            raise
        except sqlite3.DatabaseError:
            sound = False
        if not sound:
            _LOG.error("the file of used tokens was damaged, and is begun anew")
            for each in self._folder.glob(f"{_NAME}*"):
                each.unlink()
            self._connect().close()

    async def has(self, token: bytes) -> bool:
        try:
            return self._open().execute("SELECT 1 FROM used WHERE token = ?", (token,)).fetchone() is not None
        except sqlite3.Error as error:
            raise MemoryLost(f"the file: {type(error).__name__}") from None

    async def add(self, token: bytes, until: float, now: float) -> bool:
        try:
            connection = self._open()
            self._added += 1
            if self._added % _EVERY == 0:
                connection.execute(
                    "DELETE FROM used WHERE token IN (SELECT token FROM used WHERE until < ? LIMIT ?)",
                    (now - _KEPT, _FORGOTTEN),
                )
            return connection.execute("INSERT OR IGNORE INTO used VALUES (?, ?)", (token, until)).rowcount == 1
        except sqlite3.Error as error:
            raise MemoryLost(f"the file: {type(error).__name__}") from None

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        """Opened on first use: a connection must not be carried into a forked worker."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=_WAIT, isolation_level=None)
        connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_SCHEMA}")
        return connection
