"""The service as it really runs: uvicorn on a free port, with a clock that stands still."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx
import uvicorn

from cds.app import create_app
from cds.settings import Settings
from tests.clock import NOW

__all__ = ["serving"]


@contextmanager
def serving(
    settings: Settings | None = None, now: datetime = NOW, clock: Callable[[], datetime] | None = None
) -> Iterator[httpx.Client]:
    """A client of a service that runs as long as the context does. `clock` for a time that does not stand still."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(settings or Settings(), clock=clock or (lambda: now))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
