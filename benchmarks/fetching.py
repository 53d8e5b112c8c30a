"""What fetching adds to a FHIR server's own time (`python -m benchmarks.fetching`, a part of `make bench`).

Six parallel searches of a server on this machine, in a process of its own, that answers at once with prepared pages:

- bare: the same bytes over six kept connections, written and read with nothing in between: the server's own time.
- aiohttp: the HTTP client that the service uses, with nothing around it.
- fetching: what the service does: budget, guard, breaker, retry, decompression limits, pages, states.

The three take turns, so that a slow moment of the machine meets all of them. Target: fetching adds less than 3 ms.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Final

import uvloop
from aiohttp import ClientSession

from cds.consult import Consultant
from cds.fhir.fetching import Server, Wanted, fetch
from cds.fhir.server.budget import Limits
from cds.fhir.server.client import FhirClient
from cds.fhir.server.queries import query
from cds.settings import Settings
from cds.trust.outgoing import Base, networks
from tests.stories.telling import demo_record

__all__ = ["main"]

PATIENT: Final = "metastatic-dialysis"
SEARCHES: Final = ("conditions", "laboratory", "findings", "medicationStatements", "procedures", "reports")
_ROUNDS: Final = 400
_ENTRIES: Final = 20
"""Of each page: 6 pages of some 20 kB."""


def templates() -> dict[str, str]:
    """The searches of SEARCHES, as the service advertises them."""
    advertised = Consultant.load(Settings()).reader.templates
    return {key: advertised[key] for key in SEARCHES}


class _Pages(asyncio.Protocol):
    """Answers every GET with the same zipped page of its type; the transport is all the state there is."""

    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self._replies = replies
        self._transport: Any = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            kind = head.split(b"?", 1)[0].rpartition(b"/")[2]
            self._transport.write(self._replies[kind])


def _reply(kind: str) -> bytes:
    record = demo_record(PATIENT)
    own = [each for each in record.resources if each["resourceType"] == kind]
    filler = {
        "resourceType": kind,
        "subject": {"reference": f"Patient/{record.patient_id}"},
        "note": [{"text": "x" * 900}],
    }
    entries = [{"resource": each} for each in (*own, *({**filler, "id": str(n)} for n in range(_ENTRIES - len(own))))]
    return _zipped({"resourceType": "Bundle", "type": "searchset", "entry": entries})


def _zipped(resource: dict[str, Any]) -> bytes:
    body = gzip.compress(json.dumps(resource).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(kinds: list[str]) -> None:
    replies = {kind.encode(): _reply(kind) for kind in kinds}
    replies[b"metadata"] = _zipped({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
    server = await asyncio.get_running_loop().create_server(lambda: _Pages(replies), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _bare(port: int, paths: list[str]) -> Callable[[], Awaitable[None]]:
    streams = [await asyncio.open_connection("127.0.0.1", port, limit=1 << 20) for _ in paths]

    async def one(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.rpartition(b"Content-Length: ")[2]))

    async def all_of_them() -> None:
        await asyncio.gather(*(one(path, *stream) for path, stream in zip(paths, streams, strict=True)))

    return all_of_them


async def _measure(port: int, asked: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of each round, by way."""
    patient = demo_record(PATIENT).patient_id
    base = Base.parse(f"http://127.0.0.1:{port}/fhir")
    client = FhirClient(Limits(seconds=30), networks(["127.0.0.1"]))
    urls = [query(template, patient).url(base) for template in asked.values()]
    async with client.connections, ClientSession() as session:

        async def get(url: str) -> None:
            async with session.get(url, allow_redirects=False) as answer:
                await answer.read()

        async def with_aiohttp() -> None:
            await asyncio.gather(*map(get, urls))

        async def with_fetching() -> None:
            found = await fetch(Wanted(asked, {}), Server(str(base), "token"), patient, [base], client)
            assert set(found.outcomes.values()) == {"complete"}, found.outcomes

        bare = await _bare(port, [url.removeprefix(base.origin) for url in urls])
        ways = {"bare": bare, "aiohttp": with_aiohttp, "fetching": with_fetching}
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(_ROUNDS):
            for name, way in ways.items():
                started = perf_counter()
                await way()
                spent[name].append(1000 * (perf_counter() - started))
    return spent


def main() -> None:
    asked = templates()
    kinds = sorted({template.partition("?")[0] for template in asked.values()})
    with subprocess.Popen([sys.executable, "-m", "benchmarks.fetching", *kinds], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            spent = uvloop.run(_measure(int(server.stdout.readline()), asked))
        finally:
            server.terminate()
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors;")
    print(f"{len(SEARCHES)} parallel searches, medians of {_ROUNDS} rounds.\n")
    print("| way | p50 ms | added to bare | p99 ms |\n|---|---:|---:|---:|")
    floor = statistics.median(spent["bare"])
    for name, each in spent.items():
        middle = statistics.median(each)
        print(f"| {name} | {middle:.2f} | {middle - floor:.2f} | {statistics.quantiles(each, n=100)[98]:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:]:
        uvloop.run(_serve(sys.argv[1:]))
    else:
        main()
