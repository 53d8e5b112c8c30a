from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from cds.errors import BodyTooLarge, WrongMediaType
from cds.hooks.bodies import Disconnected, check_media_type, receive_body


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/fhir+json; fhirVersion=4.0",
        "application/json; charset=us-ascii",
    ],
)
def test_json_in_utf_8_is_taken(content_type: str) -> None:
    check_media_type(content_type, "identity")


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("", ""),
        ("text/plain", ""),
        ("text/json", ""),
        ("application/xml", ""),
        ("application/jsonp", ""),
        ("image/svg+json", ""),
        ("application/json; charset=latin-1", ""),
        ("application/json; charset=utf-16", ""),
        ("application/json", "gzip"),
    ],
)
def test_anything_else_is_refused(content_type: str, encoding: str) -> None:
    with pytest.raises(WrongMediaType):
        check_media_type(content_type, encoding)


class Sender:
    """Sends `chunks`, and counts how many were taken."""

    def __init__(self, chunks: Iterable[bytes], *, leaves: bool = False) -> None:
        chunks = list(chunks)
        self._messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": place < len(chunks) - 1 or leaves}
            for place, chunk in enumerate(chunks)
        ]
        self._messages.append({"type": "http.disconnect"})
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        return self._messages[self.taken - 1]


def receive(sender: Sender, limit: int, declared: str = "") -> bytes:
    return asyncio.run(receive_body(sender, limit, declared))


def test_chunks_become_one_body() -> None:
    assert receive(Sender([b"ab", b"", b"cd"]), 4) == b"abcd"
    assert receive(Sender([b"abcd"]), 4) == b"abcd"


def test_reading_stops_at_the_limit() -> None:
    sender = Sender([b"ab"] * 1000)
    with pytest.raises(BodyTooLarge, match="4 bytes"):
        receive(sender, 4)
    assert sender.taken == 3


def test_a_body_that_says_it_is_too_large_is_not_read_at_all() -> None:
    sender = Sender([b"abcde"])
    with pytest.raises(BodyTooLarge):
        receive(sender, 4, "5")
    assert sender.taken == 0


def test_a_declared_length_is_not_believed() -> None:
    with pytest.raises(BodyTooLarge):
        receive(Sender([b"abcde"]), 4, "3")
    assert receive(Sender([b"abc"]), 4, "DUPONT") == b"abc"


def test_a_caller_who_leaves_is_not_answered() -> None:
    with pytest.raises(Disconnected):
        receive(Sender([b"ab"], leaves=True), 4)
