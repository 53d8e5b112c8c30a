"""The tables of the store. The same in SQLite and PostgreSQL; times are milliseconds since 1970, UTC."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

__all__ = ["answers", "cards", "feedback", "metadata", "silences"]

metadata = MetaData()

_ID = String(36)
_DIGEST = String(64)
_NAME = String(200)
_Json = JSON().with_variant(JSONB(), "postgresql")

answers = Table(
    "answers",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("client", _NAME, nullable=False),
    Column("service", _NAME, nullable=False),
    Column("hook", _NAME, nullable=False),
    Column("instance", _ID, nullable=False),
    Column("patient", _DIGEST, nullable=False),
    Column("knowledge", _NAME, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("outcome", _NAME, nullable=False),
    Column("prefetch", _Json, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per answer about a patient."""

cards = Table(
    "cards",
    metadata,
    Column("uuid", _ID, primary_key=True),
    Column("answer", _ID, ForeignKey("answers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("card", _NAME, nullable=False),
    Column("rule", _NAME, nullable=False),
    Column("indicator", _NAME, nullable=False),
    Column("evidence", _DIGEST, nullable=False),
    Column("suggestions", _Json, nullable=False),
)
"""One row per card that was sent."""

silences = Table(
    "silences",
    metadata,
    Column("answer", _ID, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Column("card", _NAME, primary_key=True),
    Column("evidence", _DIGEST, primary_key=True),
    Column("rule", _NAME, nullable=False),
    Column("reason", _NAME, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per card that was not sent again."""

feedback = Table(
    "feedback",
    metadata,
    Column("id", _DIGEST, primary_key=True),
    Column("received", BigInteger, nullable=False, index=True),
    Column("settled", BigInteger, nullable=True, index=True),
    Column("client", _NAME, nullable=False),
    Column("service", _NAME, nullable=False),
    Column("card", _ID, nullable=False, index=True),
    Column("outcome", _NAME, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", _NAME, nullable=False),
    Column("comment", Text, nullable=False),
    Column("suggestions", _Json, nullable=False),
)
"""What clinicians did with a card. `id` is a keyed digest of the message: the same message is stored once. `settled` is
when its card was found among those of the same client: null flags a card that is not known (F3)."""

Index(
    "feedback_unknown",
    feedback.c.received,
    sqlite_where=feedback.c.settled.is_(None),
    postgresql_where=feedback.c.settled.is_(None),
)
