"""How often a client may call, and how much at a time: a bucket of permissions that fills at the agreed rate.

Each process of the service counts for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from cds.errors import TooManyRequests

__all__ = ["Limit"]


class Limit:
    """`rate` calls per second, twice as many at once after a pause, `concurrent` of them unanswered."""

    def __init__(self, rate: float, concurrent: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._concurrent = concurrent
        self._monotonic = monotonic
        self._most = max(1.0, 2 * rate)
        self._left = self._most
        self._filled_at = monotonic()
        self._running = 0

    def enter(self) -> None:
        """Begin a call. Raises TooManyRequests, with the time after which the next one would be let in."""
        now = self._monotonic()
        self._left = min(self._most, self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._left < 1:
            raise TooManyRequests(math.ceil((1 - self._left) / self._rate))
        if self._running >= self._concurrent:
            raise TooManyRequests(1)
        self._left -= 1
        self._running += 1

    def leave(self) -> None:
        """End a call that was let in."""
        self._running -= 1
