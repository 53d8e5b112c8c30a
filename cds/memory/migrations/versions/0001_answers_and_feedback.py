"""Answers, their cards, what was kept silent, and feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_ID = sa.String(36)
_DIGEST = sa.String(64)
_NAME = sa.String(200)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("client", _NAME, nullable=False),
        sa.Column("service", _NAME, nullable=False),
        sa.Column("hook", _NAME, nullable=False),
        sa.Column("instance", _ID, nullable=False),
        sa.Column("patient", _DIGEST, nullable=False),
        sa.Column("knowledge", _NAME, nullable=False),
        sa.Column("duration", sa.BigInteger, nullable=False),
        sa.Column("outcome", _NAME, nullable=False),
        sa.Column("prefetch", _JSON, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cards",
        sa.Column("uuid", _ID, primary_key=True),
        sa.Column("answer", _ID, sa.ForeignKey("answers.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("card", _NAME, nullable=False),
        sa.Column("rule", _NAME, nullable=False),
        sa.Column("indicator", _NAME, nullable=False),
        sa.Column("evidence", _DIGEST, nullable=False),
        sa.Column("suggestions", _JSON, nullable=False),
    )
    op.create_table(
        "silences",
        sa.Column("answer", _ID, sa.ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("card", _NAME, primary_key=True),
        sa.Column("evidence", _DIGEST, primary_key=True),
        sa.Column("rule", _NAME, nullable=False),
        sa.Column("reason", _NAME, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feedback",
        sa.Column("id", _DIGEST, primary_key=True),
        sa.Column("received", sa.BigInteger, nullable=False, index=True),
        sa.Column("settled", sa.BigInteger, nullable=True, index=True),
        sa.Column("client", _NAME, nullable=False),
        sa.Column("service", _NAME, nullable=False),
        sa.Column("card", _ID, nullable=False, index=True),
        sa.Column("outcome", _NAME, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reason", _NAME, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("suggestions", _JSON, nullable=False),
    )
    unknown = sa.text("settled IS NULL")
    op.create_index("feedback_unknown", "feedback", ["received"], sqlite_where=unknown, postgresql_where=unknown)


def downgrade() -> None:
    for table in ("feedback", "silences", "cards", "answers"):
        op.drop_table(table)
