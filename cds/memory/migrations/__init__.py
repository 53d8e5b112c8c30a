"""The schema of the store, step by step (Alembic). `versions/` holds the steps; each can be taken back."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

__all__ = ["Failed", "downgrade", "upgrade"]

_LOCK = 3_205_501
"""Any number: who upgrades a PostgreSQL database holds this advisory lock."""


class Failed(Exception):  # noqa: N818 - it is what happened
    """The database has a schema that this release does not know: it belongs to a newer one."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`, in one transaction; of several processes that start together, one does it.

    Raises Failed, SQLAlchemyError.
    """
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if revision == "head" and MigrationContext.configure(connection).get_current_revision() == newest:
        return
    _run(connection, revision, command.upgrade)


def downgrade(connection: Connection, revision: str = "base") -> None:
    """Take steps back to `revision`; "base" is an empty database. Raises Failed, SQLAlchemyError."""
    _run(connection, revision, command.downgrade)


def _run(connection: Connection, revision: str, walk: object) -> None:
    connection.rollback()
    alone = connection.execution_options(alone=True)
    with alone.begin():
        if alone.dialect.name == "postgresql":
            alone.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        config.attributes["connection"] = alone
        try:
            walk(config, revision)  # type: ignore[operator]
        except CommandError as error:
            raise Failed(str(error)) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
