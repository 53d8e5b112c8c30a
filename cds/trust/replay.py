"""Tokens are used once (S5): the memory of those that were.

Three memories lie behind one another. That of the process cannot fail. That of the machine is a file which all workers
share and which outlives them. That of the site is the database which several machines share. A token passes when it is
new to each of them; a memory that fails is passed over and said, so that a full disk or a stopped database costs this
protection for its time, and no patient an answer.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

__all__ = ["InProcess", "MemoryLost", "Together", "UsedTokens"]

_LOG = logging.getLogger(__name__)
_SAID_EVERY = 60.0


class MemoryLost(Exception):  # noqa: N818 - it is what happened
    """A memory cannot be asked now."""


class UsedTokens(Protocol):
    """Remembers fingerprints of tokens."""

    async def has(self, token: bytes) -> bool:
        """Whether `token` is known to be used. May say no where looking would cost more than a signature does.

        Raises MemoryLost.
        """
        ...

    async def add(self, token: bytes, until: float, now: float) -> bool:
        """Remember `token`, at least until `until`; False when it was there. Of several calls at once one gets True.

        Times are seconds since 1970. Raises MemoryLost.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds open; what is remembered stays."""
        ...


class InProcess:
    """The memory of one process."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}
        self._order: deque[bytes] = deque()

    async def has(self, token: bytes) -> bool:
        return token in self._until

    async def add(self, token: bytes, until: float, now: float) -> bool:
        if token in self._until:
            return False
        for _ in range(2):  # forgets faster than it learns; a token that lives long only keeps those after it
            if self._order and self._until[self._order[0]] < now:
                del self._until[self._order.popleft()]
        self._until[token] = until
        self._order.append(token)
        return True

    async def close(self) -> None:
        return


class Together:
    """Several memories as one, the nearest first."""

    def __init__(self, memories: Sequence[UsedTokens], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._memories = tuple(memories)
        self._monotonic = monotonic
        self._said_at = float("-inf")

    async def has(self, token: bytes) -> bool:
        for memory in self._memories:
            try:
                if await memory.has(token):
                    return True
            except MemoryLost as error:
                self._say(error)
        return False

    async def add(self, token: bytes, until: float, now: float) -> bool:
        for memory in self._memories:
            try:
                if not await memory.add(token, until, now):
                    return False
            except MemoryLost as error:
                self._say(error)
        return True

    async def close(self) -> None:
        for memory in self._memories:
            await memory.close()

    def _say(self, error: MemoryLost) -> None:
        """Once a minute: it is lost for every token, and a log that grows with the load helps nobody."""
        if self._monotonic() - self._said_at >= _SAID_EVERY:
            self._said_at = self._monotonic()
            _LOG.error("used tokens are not remembered everywhere: %s", error)
