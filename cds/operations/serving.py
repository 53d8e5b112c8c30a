"""Running the service: one process per worker, each with a socket of its own on the same port.

`uvicorn --workers` lets all processes accept from one socket, and one may starve; with SO_REUSEPORT the kernel spreads
the connections. The application is built once, put out of the garbage collector's sight, and then forked: the workers
share its memory and start at once.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import uvicorn
from starlette.types import ASGIApp

from cds.operations.connections import Connection

__all__ = ["GRACE", "listen", "serve"]

_THRESHOLDS = (50_000, 20, 50)
"""A request leaves no cycles behind: looking for them more often than this only costs tail latency."""

GRACE = 10
"""Seconds that running requests get when the service stops."""

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def serve(app: ASGIApp, host: str, port: int, workers: int, ready: Callable[[str], None]) -> int:
    """Serve until told to stop (SIGINT, SIGTERM); `ready` is told the base URL. Returns the exit code.

    Raises OSError when the address cannot be had.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    with listen(host, port, shared=workers > 1) as own:
        host, port = own.getsockname()[:2]
        ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        if workers == 1:
            _answer(app, own)
            return 0
        # `own` never listens here: it only keeps the port
        return _supervise([_worker(app, host, port) for _ in range(workers)])


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A bound socket; `shared` lets other processes bind the same port. Raises OSError when the address is taken."""
    own = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        own.bind((host, port))
    except OSError:
        own.close()
        raise
    return own


def _worker(app: ASGIApp, host: str, port: int) -> BaseProcess:
    return multiprocessing.get_context("fork").Process(target=_work, args=(app, host, port))


def _work(app: ASGIApp, host: str, port: int) -> None:
    os.setpgrp()  # Ctrl-C is for the supervisor: a worker that hears it twice drops its requests
    _answer(app, listen(host, port, shared=True))


def _answer(app: ASGIApp, own: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=GRACE,
    )
    for number in _STOPPING:  # uvicorn raises the signal again after a graceful stop
        signal.signal(number, _heard)
    uvicorn.Server(config).run(sockets=[own])


def _heard(*_: object) -> None:
    return


def _supervise(workers: list[BaseProcess]) -> int:
    """When one worker ends, or we are told to stop, stop them all. A worker that failed fails the service."""
    for worker in workers:
        worker.start()
    for number in _STOPPING:
        signal.signal(number, lambda *_: _stop(workers))
    wait([worker.sentinel for worker in workers])
    _stop(workers)
    for worker in workers:
        worker.join()
    return int(any(worker.exitcode for worker in workers))


def _stop(workers: Iterable[BaseProcess]) -> None:
    for worker in workers:
        if worker.is_alive():
            worker.terminate()
