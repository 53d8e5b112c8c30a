"""The programs of others, each built and started once, however many workers run the tests."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from cds.settings import Settings
from tests.clients import peers
from tests.clients.fhir_server import CLIENT_SECONDS, FhirServer, hapi
from tests.serving import serving


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    """A real FHIR server with the demonstration patients. All tests share it: write under ids of your own only."""
    folder = tmp_path_factory.getbasetemp()
    with ExitStack() as running:
        with peers.require():
            server = running.enter_context(
                _one_for_all(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
            )
        yield server


@contextmanager
def _one_for_all(folder: Path) -> Iterator[FhirServer]:
    """The server that the first worker starts, and does not stop before the others, who hold the lock, are done with it."""
    address = folder / "fhir-server"
    with (folder / "fhir-server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if address.exists():
            with httpx.Client(timeout=CLIENT_SECONDS, trust_env=False) as client:
                fcntl.flock(lock, fcntl.LOCK_SH)
                yield FhirServer(address.read_text(encoding="utf-8"), client)
            return
        with hapi() as server:
            address.write_text(server.base, encoding="utf-8")
            fcntl.flock(lock, fcntl.LOCK_SH)
            try:
                yield server
            finally:
                fcntl.flock(lock, fcntl.LOCK_EX)
                address.unlink()


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
