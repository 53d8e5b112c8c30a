"""What fetching for one request may cost, and what it has cost so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cds.fhir.server.failures import NoAnswer, Reason

__all__ = ["Budget", "Limits"]


class Limits(NamedTuple):
    """For one request."""

    seconds: float = 0.4
    pages: int = 10
    """Of one key."""
    answer_bytes: int = 8 * 1024 * 1024
    """Of one page, decompressed."""
    total_bytes: int = 32 * 1024 * 1024
    """Of all pages, decompressed."""


class Budget:
    """Counts down for one request. `clock` is monotonic, in seconds."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self._clock = clock
        self.started = clock()
        self.ends = self.started + limits.seconds
        self.queries = 0
        """HTTP requests that were sent."""
        self._bytes = limits.total_bytes

    @property
    def remaining(self) -> float:
        """Seconds."""
        return self.ends - self._clock()

    @property
    def spent(self) -> float:
        """Seconds."""
        return self._clock() - self.started

    @property
    def room(self) -> int:
        """Bytes that the next answer may have."""
        return max(0, min(self.limits.answer_bytes, self._bytes))

    def take(self, size: int) -> None:
        """Count the bytes of an answer as they come. Raises NoAnswer when there is no room for them."""
        self._bytes -= size
        if self._bytes < 0:
            raise NoAnswer(Reason.TOO_LARGE)
