"""A FHIR server that is none of ours: HAPI FHIR JPA (R4, in memory), built from hapi/ and started on a free port.

`python -m tests.clients.fhir_server PORT` starts it by hand, as docs/sandbox.md says.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from cds.demo import WRITTEN_FOR, demo_transactions
from cds.loading import load
from tests.clients.cached import cached
from tests.clients.peers import PeerError, program, run

__all__ = ["CLIENT_SECONDS", "FhirServer", "hapi"]

_SOURCES = Path(__file__).parent / "hapi"
CLIENT_SECONDS = 120
"""How long an answer may take on a machine that has other things to do."""
_START_SECONDS = 300
_STOP_SECONDS = 30
Resource = dict[str, Any]


class FhirServer(NamedTuple):
    """A running FHIR server, as an EHR sees its own."""

    base: str
    """Without a trailing slash."""
    client: httpx.Client

    def get(self, query: str) -> httpx.Response:
        """The answer to a read or a search, written as in a prefetch template."""
        return self.client.get(f"{self.base}/{query}")

    def prefetch(self, templates: Mapping[str, str], patient: str) -> dict[str, Resource]:
        """What an EHR sends for `templates`: whatever its server answers, the first page of it."""
        return {key: self.get(template.replace(_PATIENT, patient)).json() for key, template in templates.items()}


_PATIENT = "{{context.patientId}}"


@contextmanager
def hapi() -> Iterator[FhirServer]:
    """HAPI with the demonstration patients, as they were written. Raises PeerError where Java or Maven is missing."""
    folder = _built()
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(_command(folder, 0), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        base = process.stdout.readline().decode().strip()
        assert base, f"HAPI did not start: see {folder.name}/server.log in the cache"
        asyncio.run(load(base, demo_transactions(WRITTEN_FOR), patience=_START_SECONDS))
        with httpx.Client(timeout=CLIENT_SECONDS, trust_env=False) as client:
            yield FhirServer(base, client)
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _built() -> Path:
    java = _SOURCES / "src" / "main" / "java"

    def make(folder: Path) -> None:
        run([program("mvn"), "-q", "-B", "-ntp", f"-Dbuild.folder={folder}", "process-classes"], _SOURCES)

    program("java"), program("javac")
    return cached("hapi", [_SOURCES / "pom.xml", *java.rglob("*.java")], make)


def _command(folder: Path, port: int) -> list[str]:
    """Started once, asked for a minute: the quick compiler and the small collector come up twice as fast."""
    classes = f"{folder}/classes:{folder}/libraries/*"
    return [
        program("java"),
        "-Xmx1g",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        classes,
        "cds.hapi.Main",
        str(port),
    ]


def main() -> None:
    try:
        command = _command(_built(), int(sys.argv[1]))
    except PeerError as error:
        raise SystemExit(str(error)) from None
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # its input ends when we do
        raise SystemExit(process.wait())


if __name__ == "__main__":
    main()
