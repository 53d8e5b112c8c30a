"""An HTTP server on loopback that does to each request whatever a test wants, down to the bytes and the silence."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Answering", "Asked", "HttpServer", "answer", "http_server", "resource"]


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        """The parameters, wherever they stood."""
        return urlsplit(self.target).query or self.body.decode()


Answering = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer, or a part of one, or none. When it returns, the next request of the connection is read."""


class HttpServer:
    """What a test sees of a running server."""

    def __init__(self, port: int, scheme: str) -> None:
        self.origin = f"{scheme}://127.0.0.1:{port}"
        self.base = f"{self.origin}/fhir"
        self.asked: list[Asked] = []
        self.connections = 0
        """Made so far."""
        self.busy = 0
        """Connections that wait for an answer or read one."""

    @property
    def asked_for_data(self) -> list[Asked]:
        """What was asked but for the version that the server speaks, which is asked once an hour."""
        return [each for each in self.asked if not each.path.endswith("/metadata")]

    def is_at_rest(self, seconds: float = 5.0) -> bool:
        """Whether, before so many seconds have passed, nobody waits for an answer any more."""
        until = time.monotonic() + seconds
        while self.busy and time.monotonic() < until:
            time.sleep(0.01)
        return not self.busy


def answer(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "application/fhir+json"
) -> bytes:
    """A whole answer as bytes."""
    lines = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def resource(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """The same for a resource."""
    return answer(json.dumps(value).encode(), status, headers)


@contextmanager
def http_server(answering: Answering, port: int = 0, encryption: SSLContext | None = None) -> Iterator[HttpServer]:
    """Runs in a thread of its own as long as the context does; on any free port, or on `port`."""
    loop = asyncio.new_event_loop()
    ready: list[HttpServer] = []
    started = threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(
            lambda reader, writer: _connection(reader, writer, answering, seen), "127.0.0.1", port, ssl=encryption
        )
        seen = HttpServer(server.sockets[0].getsockname()[1], "https" if encryption else "http")
        ready.append(seen)
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(_all(serve())), daemon=True)
    thread.start()
    assert started.wait(5)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(timeout=5)
        assert not thread.is_alive()
        loop.close()


async def _all(main: Awaitable[None]) -> None:
    """`main`, and the end of everything that it left behind."""
    with contextlib.suppress(asyncio.CancelledError):
        await main
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: Answering, seen: HttpServer
) -> None:
    seen.connections += 1
    try:
        while not writer.is_closing():
            asked = await _request(reader)
            seen.asked.append(asked)
            seen.busy += 1
            try:
                await _unless_gone(answering(asked, writer), reader, writer)
            finally:
                seen.busy -= 1
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass  # the client went away, or the test is over
    finally:
        writer.transport.abort()


async def _unless_gone(answering: Awaitable[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """`answering` until the client goes away: a server that never answers notices that, too."""
    work = asyncio.ensure_future(answering)
    try:
        while not work.done():
            await asyncio.wait([work], timeout=0.02)
            if reader.at_eof() or writer.transport.is_closing():
                break
    finally:
        if not work.done():
            work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    if work.cancelled():
        raise ConnectionError
    work.result()
    with contextlib.suppress(ConnectionError):
        await writer.drain()


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)
