"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from hypothesis import settings

from tests.clock import NOW
from tests.postgresql import Postgresql, missing, postgresql

# The same examples on every machine, and no test that depends on how fast it is.
settings.register_profile("calm", deadline=None, derandomize=True)
settings.load_profile("calm")


@pytest.fixture(scope="session")
def now() -> datetime:
    """The evaluation date of every vignette, case, story and demonstration patient."""
    return NOW


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a service remembers during the tests stands in a folder of theirs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CDS_STATE_FOLDER", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgresql]:
    """A real PostgreSQL. Skipped with the reason where there is none, unless CDS_REQUIRE_PEERS=1 forbids that."""
    reason = missing()
    if reason and os.environ.get("CDS_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    """A client of a running service with the default settings."""
    from tests.serving import serving  # a unit test need not import the whole service

    with serving() as client:
        yield client
