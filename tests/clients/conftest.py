"""The programs of others, each started once. Tests that ask for `fhir_server` say `xdist_group("fhir_server")`, so that
only one worker starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from cds.settings import Settings
from tests.clients import peers
from tests.clients.fhir_server import FhirServer, hapi
from tests.serving import serving


@pytest.fixture(scope="session")
def fhir_server() -> Iterator[FhirServer]:
    """A real FHIR server with the demonstration patients. All tests share it: write under ids of your own only."""
    with ExitStack() as running:
        with peers.require():
            server = running.enter_context(hapi())
        yield server


@pytest.fixture(scope="session")
def fetching(fhir_server: FhirServer) -> Iterator[httpx.Client]:
    """A client of a service that may ask the FHIR server, and has more time for it than the slowest machine needs."""
    allowed = Settings(fhir_servers=(fhir_server.base,), private_addresses=("127.0.0.1/32",), fetch_deadline=60_000)
    with serving(allowed) as client:
        yield client


@pytest.fixture(scope="session")
def healthchain() -> Path:
    """The Python of an environment with the healthchain package."""
    with peers.require():
        return peers.healthchain()


@pytest.fixture(scope="session")
def medplum() -> Path:
    """A folder with the `@medplum/core` package."""
    with peers.require():
        return peers.medplum()
