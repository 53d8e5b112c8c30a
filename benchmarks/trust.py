"""What asking callers who they are adds (`python -m benchmarks.trust`, a part of `make bench`).

The same 100 KB request to three services, one worker each, taking turns: one that asks nobody (open), and two whose one
client signs each call with ES384 or RS384. Every token is fresh, and signed before the clock starts. Then the parts of a
check by themselves: what is done before the signature, what the signature costs, and remembering the token.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, sleep, time
from typing import Final, TypeVar

from benchmarks.bodies import SIZES, bodies
from cds.consult import Consultant
from cds.settings import Settings
from cds.trust.keys import read_keys, verifies
from cds.trust.replay import InProcess, Together
from cds.trust.replay_file import InFile
from cds.trust.tokens import bearer, check_audience, check_times, parse
from tests.signing import AUDIENCE, BASE, ISSUER, claims, jwk, token

__all__ = ["main"]

T = TypeVar("T")

_PATH: Final = AUDIENCE.removeprefix(BASE)
_WAYS: Final = ("open", "ES384", "RS384")
_ROUNDS: Final = 6
_REQUESTS: Final = 200
_CONNECTIONS: Final = 4
_REPEATS: Final = 2000


def main() -> None:
    body = bodies(Consultant.load(Settings()).reader.templates)["100 KB"]
    assert len(body) >= SIZES["100 KB"]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        services = {way: running.enter_context(_Service(way, Path(folder) / way)) for way in _WAYS}
        _on_processor(-1)
        spent: dict[str, list[float]] = {way: [] for way in _WAYS}
        rates: dict[str, list[float]] = {way: [] for way in _WAYS}
        work = dict.fromkeys(_WAYS, 0.0)
        for _ in range(_ROUNDS):
            for way in _WAYS:
                before = services[way].processor_seconds()
                elapsed, seconds = asyncio.run(_load(services[way].port, way, body))
                work[way] += services[way].processor_seconds() - before
                spent[way] += seconds
                rates[way].append(len(seconds) / elapsed)
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors,")
    print(f"one worker, {_CONNECTIONS} keep-alive connections, medians of {_ROUNDS} rounds of {_REQUESTS} requests.\n")
    print(
        "| callers | requests/s | of open | p50 ms | processor ms a request | of open |\n|---|---:|---:|---:|---:|---:|"
    )
    floor = statistics.median(rates["open"])
    for way in _WAYS:
        rate = statistics.median(rates[way])
        p50 = 1000 * statistics.median(spent[way])
        each = 1000 * work[way] / (_ROUNDS * _REQUESTS)
        print(f"| {way} | {rate:.0f} | {rate / floor:.2f} | {p50:.2f} | {each:.2f} | {work[way] / work['open']:.2f} |")
    print("\n| part of a check | µs |\n|---|---:|")
    for name, microseconds in _parts():
        print(f"| {name} | {microseconds:.0f} |")


class _Service:
    """`cds serve` with one client, or with none; on a processor of its own where there are two."""

    def __init__(self, way: str, folder: Path) -> None:
        folder.mkdir()
        environment = {**os.environ, "CDS_STATE_FOLDER": str(folder)}
        if way != "open":
            client = {"name": "bench", "iss": ISSUER, "jwks": {"keys": [jwk(way)]}, "algorithms": [way]}
            limits = {"requests_per_second": 1_000_000, "concurrent_requests": 1000}
            clients = folder / "clients.yaml"
            clients.write_text(json.dumps({"clients": [{**client, **limits}]}))  # JSON is YAML
            environment |= {"CDS_CLIENTS": str(clients), "CDS_PUBLIC_URLS": BASE}
        said = folder / "said"  # not a pipe: nobody would read the log lines, and the service would wait for a reader
        with said.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cds", "serve", "--port", "0"],
                env=environment,
                stdout=file,
                preexec_fn=lambda: _on_processor(0),
            )
        while not (ports := re.findall(r":(\d+)/", said.read_text())):
            assert self._process.poll() is None, f"the service that is to be asked by {way} callers did not start"
            sleep(0.1)
        self.port = int(ports[0])

    def processor_seconds(self) -> float:
        """User and system time that the process has used: it is the same on a machine that others keep busy."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def _on_processor(number: int) -> None:
    """Bind the calling process to one of its processors, where there are several and the system can."""
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(processors) > 1:
        os.sched_setaffinity(0, {processors[number]})


async def _load(port: int, way: str, body: bytes) -> tuple[float, list[float]]:
    """Seconds that all requests took, and each of them."""
    heads = iter([_head(way, body) for _ in range(_REQUESTS)])
    seconds: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        for head in heads:
            started = perf_counter()
            writer.writelines((head, body))
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer.split(b"\r\n", 1)[0]
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", answer.lower())[0]))
            seconds.append(perf_counter() - started)
        writer.close()
        await writer.wait_closed()

    started = perf_counter()
    await asyncio.gather(*(connection() for _ in range(_CONNECTIONS)))
    return perf_counter() - started, seconds


def _head(way: str, body: bytes) -> bytes:
    lines = [
        f"POST {_PATH} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if way != "open":
        lines.append(f"Authorization: Bearer {token(claims(time()), way)}")
    return "\r\n".join([*lines, "", ""]).encode()


def _parts() -> Iterator[tuple[str, float]]:
    """What each part of a check costs in this process, in microseconds."""
    for way in _WAYS[1:]:
        headers = [[(b"authorization", f"Bearer {token(claims(time()), way)}".encode())] for _ in range(_REPEATS)]
        if way == "ES384":
            yield "shape and claims", _each(headers, _claims)
        key = read_keys({"keys": [jwk(way)]}, ("ES384", "RS384"))[way, way]
        yield f"signature, {way}", _each([(key, bearer(each), way) for each in headers], lambda each: verifies(*each))
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as loop:
        memory = Together([InProcess(), InFile(Path(folder))])
        yield "looking whether it was used, and remembering it", loop.run(_remembering(memory))


def _claims(headers: list[tuple[bytes, bytes]]) -> None:
    read = parse(bearer(headers))
    check_audience(read, {AUDIENCE})
    check_times(read, time(), 300)


def _each(given: Sequence[T], done: Callable[[T], object]) -> float:
    started = perf_counter()
    for each in given:
        done(each)
    return 1_000_000 * (perf_counter() - started) / len(given)


async def _remembering(memory: Together) -> float:
    used = [os.urandom(32) for _ in range(_REPEATS)]
    started = perf_counter()
    for each in used:
        assert not await memory.has(each)
        assert await memory.add(each, time() + 330, time())
    return 1_000_000 * (perf_counter() - started) / len(used)


if __name__ == "__main__":
    main()
