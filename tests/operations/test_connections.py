"""Who reaches the port itself, and speaks no proper HTTP."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from cds.operations.connections import LONGEST_HEAD
from cds.trust.tokens import LONGEST
from tests.process import Process, running
from tests.unit.hooks.requests_by_hand import asked

pytestmark = pytest.mark.slow

SERVICE = "/cds-services/soft-tissue-calcification"
BODY = asked(prefetch={"patient": {"resourceType": "Patient", "id": "p"}})
START = f"POST {SERVICE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
PIECE = b"a" * 65_536
MOST = 64 << 20
"""Bytes that somebody tries to send."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running({"CDS_STATE_FOLDER": str(tmp_path_factory.mktemp("state"))}) as process:
        yield process


def said_to(service: Process, sent: Iterable[bytes]) -> tuple[int, bytes]:
    """How many bytes were taken until the service closed the connection, and what it said."""
    host, port = service.base.removeprefix("http://").split(":")
    taken, heard = 0, b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        try:
            for each in sent:
                connection.sendall(each)
                taken += len(each)
                if taken > MOST:
                    break
        except OSError:
            pass
        try:
            while piece := connection.recv(65_536):
                heard += piece
        except OSError:
            pass
    return taken, heard


HEADERS = (b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in itertools.count())
WITHOUT_END = {
    "a header": [START + b"X-A: ", *[PIECE] * 2000],
    "headers": itertools.chain([START], HEADERS),
    "a path": [b"GET /", *[PIECE] * 2000],
    "trailers": [START + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-A: ", *[PIECE] * 2000],
    "the extension of a chunk": [START + b"Transfer-Encoding: chunked\r\n\r\n2;x=", *[PIECE] * 2000],
}


@pytest.mark.parametrize("sent", WITHOUT_END.values(), ids=WITHOUT_END)
def test_what_has_no_end_is_not_taken(service: Process, sent: Iterable[bytes]) -> None:
    before = memory(service)
    taken, heard = said_to(service, sent)
    assert taken < MOST, "what the system keeps on its way is a few megabytes at most"
    assert memory(service) - before < 32 << 20
    assert not heard or b" 431 " in heard or b" 400 " in heard
    assert httpx.get(f"{service.base}/cds-services", trust_env=False).status_code == 200


def memory(service: Process) -> int:
    """Bytes that the process has in memory."""
    lines = Path(f"/proc/{service.pid}/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(each.split()[1]) for each in lines if each.startswith("VmRSS:"))


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"nonsense DUPONT\r\n\r\n", 400), (START + b"X-A: " + b"DUPONT" * (LONGEST_HEAD // 6 + 1), 431)],
    ids=["no HTTP", "too much"],
)
def test_a_refusal_has_the_shape_of_all_others(service: Process, sent: bytes, status: int) -> None:
    _, heard = said_to(service, [sent])
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/fhir+json" in head
    outcome = json.loads(body)
    assert (outcome["resourceType"], len(outcome["issue"])) == ("OperationOutcome", 1)
    assert b"DUPONT" not in heard


def test_what_callers_need_is_taken(service: Process) -> None:
    """Headers of several proxies, a large body, a body in many pieces, one call after the other on one connection."""
    headers = {f"X-{number}": "a" * LONGEST for number in range(7)}
    with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
        for _ in range(3):
            assert client.post(SERVICE, json=BODY, headers=headers).status_code == 200
            padded = json.dumps(BODY).encode() + b" " * 1_000_000
            kind = {"Content-Type": "application/json"}
            assert client.post(SERVICE, content=padded, headers=kind).status_code == 200
            pieces = (padded[place : place + 10] for place in range(0, 200_000, 10))
            assert client.post(SERVICE, content=pieces, headers=kind).status_code == 200
    pipelined = [b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 5000, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"]
    _, heard = said_to(service, pipelined)
    assert heard.count(b" 200 OK") == 5000
