"""Keys are kept, read again when they must be, and never more often than agreed (S6)."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cds.trust.keyring import Keyring, Unavailable
from tests.signing import jwk

pytestmark = pytest.mark.anyio


class Source:
    """A key set that can be out of reach, and takes its time."""

    def __init__(self) -> None:
        self.keys = [jwk("ES384", kid="first")]
        self.asked = 0
        self.down = False

    async def __call__(self) -> object:
        self.asked += 1
        await asyncio.sleep(0.001)
        if self.down:
            raise Unavailable("nobody there")
        return {"keys": list(self.keys)}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Keyring, Source, Clock]:
    source, clock = Source(), Clock()
    return Keyring("metz", source, ("ES384",), pause=10, age=600, monotonic=clock), source, clock


async def test_read_once() -> None:
    ring, source, _ = made()
    found = await asyncio.gather(*(ring.find("first", "ES384") for _ in range(20)))
    assert all(found)
    assert source.asked == 1


async def test_an_unknown_kid_is_looked_for_at_a_limited_rate() -> None:
    ring, source, clock = made()
    for second in range(30):
        clock.now = 1000.0 + second
        assert await ring.find(f"unknown-{second}", "ES384") is None
    assert source.asked == 3


async def test_a_new_key_is_found_after_the_pause() -> None:
    ring, source, clock = made()
    assert await ring.find("first", "ES384")
    source.keys.append(jwk("ES384", "next", kid="next"))
    assert await ring.find("next", "ES384") is None
    clock.now += 10
    assert await ring.find("next", "ES384")


async def test_a_withdrawn_key_is_forgotten_when_the_keys_are_old() -> None:
    ring, source, clock = made()
    assert await ring.find("first", "ES384")
    source.keys = [jwk("ES384", "next", kid="next")]
    clock.now += 601
    assert await ring.find("first", "ES384"), "nobody waits for the reading"
    await asyncio.sleep(0.05)
    assert await ring.find("first", "ES384") is None


async def test_a_source_that_is_known_to_have_changed_is_read_before_a_key_is_used() -> None:
    ring, source, _ = made()
    assert await ring.find("first", "ES384")
    source.keys = [jwk("ES384", "next", kid="next")]
    ring.outdate()
    assert await ring.find("first", "ES384") is None
    assert await ring.find("next", "ES384")
    source.down = True
    ring.outdate()
    assert await ring.find("next", "ES384"), "and nobody is locked out where that fails"
    assert source.asked == 3


async def test_keys_stay_while_their_source_is_down(caplog: pytest.LogCaptureFixture) -> None:
    ring, source, clock = made()
    assert await ring.find("first", "ES384")
    source.down = True
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            clock.now += 601
            assert await ring.find("first", "ES384")
            await asyncio.sleep(0.01)
    assert source.asked == 6
    assert "the keys of client metz were not read: nobody there" in caplog.text


async def test_who_leaves_does_not_stop_the_reading_for_others() -> None:
    ring, source, _ = made()
    leaving = asyncio.create_task(ring.find("first", "ES384"))
    waiting = asyncio.create_task(ring.find("first", "ES384"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await waiting
    assert source.asked == 1


async def test_whether_there_are_keys() -> None:
    ring, source, clock = made()
    source.down = True
    assert not await ring.has_keys()
    source.down = False
    assert not await ring.has_keys()
    clock.now += 10
    assert await ring.has_keys()
