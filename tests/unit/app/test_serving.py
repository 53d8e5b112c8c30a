"""A real process, stopped by a real signal."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from cds.operations.serving import listen

SERVER = """
import os, sys
from cds.operations.serving import serve

async def app(scope, receive, send):
    body = str(os.getpid()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})

sys.exit(serve(app, "127.0.0.1", 0, int(sys.argv[1]), lambda base: print(base, flush=True)))
"""


@contextmanager
def started(workers: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process and its base URL, once it answers."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(workers)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        base = process.stdout.readline().strip()
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), trust_env=False) as client:
            client.get(base)
        yield process, base
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_it_answers_until_told_to_stop(workers: int) -> None:
    with started(workers) as (process, base):
        told = {httpx.get(base, trust_env=False).text for _ in range(20)}
        assert 1 <= len(told) <= workers
        assert (str(process.pid) in told) == (workers == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(base, trust_env=False)


def test_an_address_that_is_taken_is_not_shared_silently() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        listen(*taken.getsockname())


def test_workers_share_a_port() -> None:
    with listen("127.0.0.1", 0, shared=True) as first, listen(*first.getsockname(), shared=True) as second:
        assert first.getsockname() == second.getsockname()
