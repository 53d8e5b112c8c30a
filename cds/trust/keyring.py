"""The keys of one client, kept (S6): read again on an unknown `kid` at a limited rate, and when they have grown old;
those that are there stay while their source is down."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from cds.trust.algorithms import Algorithm
from cds.trust.keys import Keys, NotKeys, PublicKey, read_keys

__all__ = ["AGE", "PAUSE", "Keyring", "Source", "Unavailable"]

PAUSE: Final = 10.0
"""Seconds between two attempts to read a key set: nobody makes us call a key server more often."""

AGE: Final = 600.0
"""Seconds after which keys are read again although they are known: a key that was withdrawn is trusted no longer."""

Source = Callable[[], Awaitable[object]]
"""Reads a key set as plain JSON values. Raises Unavailable."""

_LOG = logging.getLogger(__name__)


class Unavailable(Exception):  # noqa: N818 - it is what the key set is
    """A key set cannot be had now. The message is for the log: it names the kind of failure, and no content."""


class Keyring:
    """The keys of the client `name`, by `kid` and algorithm."""

    def __init__(
        self,
        name: str,
        source: Source,
        algorithms: Sequence[Algorithm],
        *,
        pause: float = PAUSE,
        age: float = AGE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._source = source
        self._algorithms = tuple(algorithms)
        self._pause = pause
        self._age = age
        self._monotonic = monotonic
        self._keys: Keys = {}
        self._read_at = self._tried_at = float("-inf")
        self._outdated = False
        self._reading: asyncio.Task[None] | None = None

    async def find(self, key_id: str, algorithm: str) -> PublicKey | None:
        """The key, None when the client has none such. Waits for the source only where the key is not known."""
        key = self._keys.get((key_id, algorithm))
        if key is None or self._outdated:
            await self._read()
            return self._keys.get((key_id, algorithm))
        if self._monotonic() - self._read_at > self._age:
            self._start()
        return key

    def outdate(self) -> None:
        """Their source is known to have changed: it is read before the next key is used, or could not be read."""
        self._outdated = True
        self._tried_at = float("-inf")

    async def has_keys(self) -> bool:
        """Whether there is any key; the source is asked where there is none yet."""
        if not self._keys:
            await self._read()
        return bool(self._keys)

    async def _read(self) -> None:
        self._start()
        if self._reading:
            await asyncio.shield(self._reading)  # one caller that leaves does not stop it for the others

    def _start(self) -> None:
        if self._reading is None and self._monotonic() - self._tried_at >= self._pause:
            self._tried_at = self._monotonic()
            self._outdated = False
            self._reading = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            self._keys = read_keys(await self._source(), self._algorithms)
            self._read_at = self._monotonic()
        except (Unavailable, NotKeys) as error:
            _LOG.warning("the keys of client %s were not read: %s", self._name, error)
        finally:
            self._reading = None
