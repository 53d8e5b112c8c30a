"""What a request costs, against the floor and against a peer, in one run on the same bodies (`make bench`).

- service: this service as it is installed, one worker, no authentication.
- forgetful: the same without memory: what journal, store and suppression cost is the difference.
- floor: a bare ASGI application that only does `orjson.loads` of the body.
- healthchain: a patient-view service with the `healthchain` package that answers no card; skipped, with the reason,
  when it cannot be installed.

All take turns in rounds, so that a slow moment of the machine meets all of them. The load comes from a process
of its own over keep-alive connections; where the machine has two processors, each process has one of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from benchmarks.bodies import bodies, order_bodies
from tests.clients.peers import PeerError, healthchain

__all__ = ["main"]

_TOP = Path(__file__).parents[1]
_SERVICE = "/cds-services/soft-tissue-calcification"
_ORDERS = "/cds-services/calcification-order-safety"
_ROUNDS = 6
_CONNECTIONS = 4


class Target(NamedTuple):
    """A running server."""

    name: str
    port: int
    path: str
    process: subprocess.Popen[bytes]


class Result(NamedTuple):
    """Figures of one target for one body. Times in milliseconds, memory in megabytes."""

    throughput: float
    p50: float
    p99: float
    memory: float


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder, _targets(options.peer) as (targets, reasons):
        measured = {
            name: _measure(body, targets, Path(folder), options.seconds)
            for name, body in bodies(_templates(targets[0], "patient-view")).items()
        }
        of_orders = [
            target._replace(path=_ORDERS) if target.path == _SERVICE else target
            for target in targets
            if target.name != "healthchain"
        ]
        measured |= {
            name: _measure(body, of_orders, Path(folder), options.seconds)
            for name, body in order_bodies(_templates(targets[0], "order-sign")).items()
        }
    print(_report(measured, reasons))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="roughly how long each body is measured per target")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave healthchain out")
    return parser.parse_args()


@contextmanager
def _targets(with_peer: bool) -> Iterator[tuple[list[Target], list[str]]]:
    """The running servers, and why one is missing."""
    reasons: list[str] = []
    commands = {
        name: ([sys.executable, "-m", "benchmarks.servers", name], path)
        for name, path in (("service", _SERVICE), ("forgetful", _SERVICE), ("floor", "/"))
    }
    if with_peer:
        try:
            commands["healthchain"] = (
                [str(healthchain()), str(_TOP / "benchmarks" / "peer.py")],
                "/cds/cds-services/peer",
            )
        except PeerError as error:
            reasons.append(f"healthchain was not measured: {error}")
    targets: list[Target] = []
    try:
        for name, (command, path) in commands.items():
            targets.append(_started(name, command, path))
        yield targets, reasons
    finally:
        for target in targets:
            target.process.terminate()
            target.process.wait()


def _started(name: str, command: Sequence[str], path: str) -> Target:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], cwd=_TOP, stdout=subprocess.DEVNULL, preexec_fn=_on_processor(0))
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, f"{name} did not start"
        assert time.monotonic() < deadline, f"{name} does not answer"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return Target(name, port, path, process)


def _on_processor(number: int):  # type: ignore[no-untyped-def]
    """A function that binds the calling process to one processor, or nothing where there is only one."""
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(processors) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {processors[number]})


def _templates(service: Target, hook: str) -> dict[str, str]:
    with urlopen(f"http://127.0.0.1:{service.port}/cds-services") as answer:
        services = json.load(answer)["services"]
    found: dict[str, str] = {}
    for each in services:
        if each["hook"] == hook:
            found |= each["prefetch"]
    return found


def _measure(body: bytes, targets: Sequence[Target], folder: Path, seconds: float) -> tuple[int, dict[str, Result]]:
    file = folder / "body.json"
    file.write_bytes(body)
    numbers = {target.name: _requests_in(seconds / _ROUNDS, target, file) for target in targets}
    rounds: dict[str, list[dict[str, object]]] = {target.name: [] for target in targets}
    for _ in range(_ROUNDS):
        for target in targets:
            rounds[target.name].append(_load(target, file, numbers[target.name]))
    return len(body), {target.name: _result(rounds[target.name], target) for target in targets}


def _requests_in(seconds: float, target: Target, file: Path) -> int:
    """How many requests take about `seconds`; warms the target up."""
    first = _load(target, file, 20)
    return max(20, int(20 * seconds / float(str(first["elapsed"]))))


def _load(target: Target, file: Path, requests: int) -> dict[str, object]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.load",
        str(target.port),
        target.path,
        str(file),
        str(_CONNECTIONS),
        str(requests),
    ]
    done = subprocess.run(command, cwd=_TOP, check=True, capture_output=True, preexec_fn=_on_processor(-1))
    loaded: dict[str, object] = json.loads(done.stdout)
    return loaded


def _result(rounds: Sequence[dict[str, object]], target: Target) -> Result:
    """Throughput and percentiles are medians over the rounds."""
    throughputs, p50s, p99s = [], [], []
    for each in rounds:
        seconds = each["seconds"]
        assert isinstance(seconds, list)
        cuts = statistics.quantiles(seconds, n=100)
        throughputs.append(len(seconds) / float(str(each["elapsed"])))
        p50s.append(1000 * cuts[49])
        p99s.append(1000 * cuts[98])
    return Result(*(statistics.median(each) for each in (throughputs, p50s, p99s)), _peak_memory(target.process.pid))


def _peak_memory(process: int) -> float:
    """The most resident memory that the process ever had (VmHWM); 0 where the system does not say."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0.0
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _report(measured: dict[str, tuple[int, dict[str, Result]]], reasons: Sequence[str]) -> str:
    """The figures as Markdown."""
    lines = [
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors,",
        f"one worker, {_CONNECTIONS} keep-alive connections, medians of {_ROUNDS} rounds.",
        "",
        "| body | target | requests/s | of the floor | p50 ms | p99 ms | of the floor's | peak memory MB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, (size, results) in measured.items():
        floor = results["floor"]
        for target, each in results.items():
            lines.append(
                f"| {name} ({size / 1000:.0f} kB) | {target} | {each.throughput:.0f} | {each.throughput / floor.throughput:.2f} "
                f"| {each.p50:.2f} | {each.p99:.2f} | {each.p99 / floor.p99:.2f} | {each.memory:.0f} |"
            )
    return "\n".join([*lines, *(f"\n{reason}" for reason in reasons)])


if __name__ == "__main__":
    main()
