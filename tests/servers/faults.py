"""FHIR servers that misbehave on purpose: each does one wrong thing to every search, and most to every read, too.

All of them live on one port, each below a base of its own: `{origin}/{name}`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from tests.servers.sockets import Answering, Asked, HttpServer, answer, http_server, resource

__all__ = ["FAULTS", "PATIENT", "Fault", "faulty_server"]

PATIENT = "p-1"
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
_MEGABYTE = b" " * (1 << 20)


class Fault(NamedTuple):
    """What a server does, and what must become of a key that it is asked for."""

    answering: Answering
    outcome: str
    state: str
    pages: int = 0
    """How many pages of the key are read all the same."""


def searchset(kind: str, number: int = 1, link: str = "", patient: str = PATIENT) -> dict[str, Any]:
    """One resource of a type that says nothing of interest."""
    found = {"resourceType": kind, "id": f"{kind}-{number}", "subject": {"reference": f"Patient/{patient}"}}
    links = [{"relation": "next", "url": link}] if link else []
    return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": [{"resource": found}]}


def _always(reply: bytes) -> Answering:
    async def say(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    return say


def _status(status: int, headers: Mapping[str, str] | None = None) -> Answering:
    return _always(resource(OUTCOME, status, headers))


def _pages(link: str, then: bytes | None = None) -> Answering:
    """Reads are answered well; a search has a `next` link, where `{n}` is a number that grows. `then`: to its second page."""

    async def say(asked: Asked, writer: asyncio.StreamWriter) -> None:
        *_, kind = asked.path.strip("/").split("/")
        if kind == PATIENT:
            writer.write(resource({"resourceType": "Patient", "id": PATIENT}))
            return
        before = asked.query.rpartition("page=")[2]
        number = int(before) + 1 if before.isdecimal() else 1
        if then is not None and number > 1:
            writer.write(then)
            return
        base = "http://" + asked.headers["host"] + asked.path.rpartition("/")[0]
        writer.write(resource(searchset(kind, number, link.format(base=base, kind=kind, n=number))))

    return say


async def _silent(_: Asked, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
    for byte in resource(searchset(asked.path.rpartition("/")[2])):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def _half(asked: Asked, writer: asyncio.StreamWriter) -> None:
    whole = resource(searchset(asked.path.rpartition("/")[2]))
    writer.write(whole[: len(whole) - 20])
    await writer.drain()
    writer.close()


async def _hangs_up(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _endless_head(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def _says_50_mb(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 52428800\r\n\r\n")
    for _number in range(50):
        writer.write(_MEGABYTE)
        await writer.drain()


async def _chunks_50_mb(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _number in range(50):
        writer.write(b"100000\r\n" + _MEGABYTE + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")


@cache
def _bomb() -> bytes:
    """40 KB that become 40 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(_MEGABYTE) for _ in range(40)) + packer.flush()


def _zipped(body: bytes) -> Answering:
    return _always(answer(body, headers={"Content-Encoding": "gzip"}))


async def _others(asked: Asked, writer: asyncio.StreamWriter) -> None:
    *_, kind = asked.path.strip("/").split("/")
    found = {"resourceType": "Patient", "id": "p-2"} if kind == PATIENT else searchset(kind, patient="p-2")
    writer.write(resource(found))


_BINARY = {"resourceType": "Binary", "id": "b"}
_SMALL = json.dumps(searchset("Condition")).encode()


def faults(elsewhere: str) -> dict[str, Fault]:
    """Every fault by name. `elsewhere`: the origin of another server, which must never be asked anything."""
    return {
        "never answers": Fault(_silent, "timeout", "failed"),
        "byte by byte": Fault(_drip, "timeout", "failed"),
        "headers without end": Fault(_endless_head, "interrupted", "failed"),
        "closes at once": Fault(_hangs_up, "interrupted", "failed"),
        "closes in the middle": Fault(_half, "interrupted", "failed"),
        "400": Fault(_status(400), "refused", "failed"),
        "401": Fault(_status(401, {"WWW-Authenticate": "Bearer"}), "unauthorised", "failed"),
        "403": Fault(_status(403), "unauthorised", "failed"),
        "404": Fault(_status(404), "not-found", "failed"),
        "405": Fault(_status(405), "method-refused", "failed"),
        "410": Fault(_status(410), "not-found", "failed"),
        "429, later": Fault(_status(429, {"Retry-After": "60"}), "overloaded", "failed"),
        "429, no time": Fault(_status(429, {"Retry-After": "soon"}), "overloaded", "failed"),
        "500": Fault(_status(500), "server-error", "failed"),
        "503": Fault(_status(503), "overloaded", "failed"),
        "204": Fault(_always(b"HTTP/1.1 204 No Content\r\n\r\n"), "not-fhir", "failed"),
        "no body": Fault(_always(answer(b"")), "not-fhir", "failed"),
        "malformed JSON": Fault(_always(answer(_SMALL[:-9])), "not-fhir", "failed"),
        "null": Fault(_always(answer(b"null")), "not-fhir", "failed"),
        "HTML": Fault(_always(answer(b"<html><body>Please log in", kind="text/html")), "not-fhir", "failed"),
        "no HTTP": Fault(_always(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "interrupted", "failed"),
        "another resource": Fault(_always(resource(_BINARY)), "not-fhir", "failed"),
        "an outcome": Fault(_always(resource(OUTCOME)), "operation-outcome", "failed"),
        "nested deeply": Fault(_always(answer(b"[" * 1_000_000)), "not-fhir", "failed"),
        "50 MB": Fault(_says_50_mb, "too-large", "failed"),
        "50 MB in chunks": Fault(_chunks_50_mb, "too-large", "failed"),
        "a gzip bomb": Fault(_zipped(_bomb()), "too-large", "failed"),
        "half a gzip": Fault(_zipped(gzip.compress(_SMALL)[:-12]), "interrupted", "failed"),
        "no gzip": Fault(_zipped(_SMALL), "not-fhir", "failed"),
        "brotli": Fault(_always(answer(b"\x0b", headers={"Content-Encoding": "br"})), "not-fhir", "failed"),
        "a redirect elsewhere": Fault(_status(302, {"Location": f"{elsewhere}/fhir"}), "redirect", "failed"),
        "a permanent redirect": Fault(_status(308, {"Location": f"{elsewhere}/fhir"}), "redirect", "failed"),
        "another patient": Fault(_others, "other-patient", "failed", pages=1),
        "pages without end": Fault(_pages("{base}/{kind}?page={n}"), "page-limit", "partial", pages=10),
        "a page that leads to itself": Fault(_pages("{base}/{kind}?again"), "next-again", "partial", pages=2),
        "next elsewhere": Fault(_pages(elsewhere + "/fhir/{kind}"), "next-elsewhere", "partial", pages=1),
        "next beside": Fault(_pages("{base}x/{kind}?page={n}"), "next-elsewhere", "partial", pages=1),
        "next above": Fault(_pages("{base}/../{kind}?page={n}"), "next-elsewhere", "partial", pages=1),
        "next as somebody": Fault(
            _pages("{base}@" + elsewhere.removeprefix("http://") + "/{kind}"), "next-elsewhere", "partial", pages=1
        ),
        "second page 500": Fault(_pages("{kind}?page={n}", resource(OUTCOME, 500)), "server-error", "partial", pages=1),
        "second page HTML": Fault(_pages("{kind}?page={n}", answer(b"<html>")), "not-fhir", "partial", pages=1),
    }


FAULTS = faults("http://127.0.0.1:1")


def base_name(name: str) -> str:
    """The name of a fault as it stands in a URL."""
    return "".join(each if each.isalnum() else "-" for each in name)


@contextmanager
def faulty_server(elsewhere: str) -> Iterator[tuple[HttpServer, dict[str, str]]]:
    """The server, and the base URL of each fault."""
    here = {base_name(name): fault.answering for name, fault in faults(elsewhere).items()}

    async def dispatch(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await here[asked.path.split("/")[1]](asked, writer)

    with http_server(dispatch) as server:
        yield server, {name: f"{server.origin}/{base_name(name)}" for name in FAULTS}
