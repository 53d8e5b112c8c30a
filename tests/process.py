"""The service as a site runs it: `cds serve` in a process of its own, which can be killed; and any other command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

__all__ = ["Process", "running", "typed"]


class Process:
    """A running service. `base` is its URL; `said` everything that it wrote since it was ready."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cds", "serve", "--port", "0", *options],
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        found = next((line for line in self._heard(self._process.stdout) if line.startswith("Discovery: ")), None)
        assert found is not None, "".join(self.said)
        self.said.clear()
        self.base = found.removeprefix("Discovery: ").strip().removesuffix("/cds-services")
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        with httpx.Client(transport=httpx.HTTPTransport(retries=10), trust_env=False) as client:
            client.get(f"{self.base}/cds-services")

    @property
    def pid(self) -> int:
        """Of the process that was started; with one worker it is the worker."""
        return self._process.pid

    def kill(self) -> None:
        """As a machine does that runs out of memory: the service and its workers, at once."""
        for number in (*self._workers(), self._process.pid):
            os.kill(number, signal.SIGKILL)
        self._process.wait(timeout=60)

    def stop(self) -> int:
        """As a site does. Returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
        self._listening.join(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(each) for each in children.read_text().split()]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for _ in self._heard(self._process.stdout):
            pass

    def _heard(self, stream: IO[str]) -> Iterator[str]:
        for line in stream:
            self.said.append(line)
            yield line


@contextmanager
def running(environment: dict[str, str], *options: str) -> Iterator[Process]:
    """A service that answers; killed at the end, if it still runs."""
    process = Process(environment, *options)
    try:
        yield process
    finally:
        process.close()


def typed(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `cds`, which sees no setting but those of `environment`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    done = subprocess.run(
        [sys.executable, "-m", "cds", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=clean | environment,
    )
    return done.returncode, done.stdout, done.stderr
