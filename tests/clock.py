"""The clock of the tests stands still."""

from datetime import UTC, datetime

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""The evaluation date of every vignette, case, story and demonstration patient."""
