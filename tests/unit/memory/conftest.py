"""The same tests on both databases."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.postgresql import Postgresql

_NUMBER = itertools.count()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server: Postgresql = request.getfixturevalue("postgresql_server")
    return server.create(f"test{next(_NUMBER)}")
