"""The service as it really runs: an HTTP server on a free port, with a clock that stands still."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""The evaluation date of every vignette, case, story and demonstration patient."""


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    """A client of a running service (uvicorn on a free port)."""
    from cds.app import create_app
    from cds.settings import Settings

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(Settings(), clock=lambda: NOW), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
        yield client
    server.should_exit = True
    thread.join(timeout=10)
    listening.close()
