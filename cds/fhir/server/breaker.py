"""A circuit breaker: a server that does not answer is left alone for a while, then tried once.

Its states are values and its transitions functions of a state and the time, so that it can be read and tested as a table.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Breaker", "Closed", "Open", "Probing", "State"]


class Closed(NamedTuple):
    """Everything goes through. `failures`: how many in a row so far."""

    failures: int = 0


class Open(NamedTuple):
    """Nothing goes through before the time `until`."""

    until: float


class Probing(NamedTuple):
    """One request is on its way to see whether the server is back; another one may try from `until` on."""

    until: float


State = Closed | Open | Probing


class Breaker(NamedTuple):
    """When to open and for how long; times are seconds of a monotonic clock."""

    failures: int = 5
    """In a row."""
    pause: float = 30.0

    def admit(self, state: State, now: float) -> State | None:
        """The state after letting a request through; None when it must not go."""
        if isinstance(state, Closed):
            return state
        return Probing(now + self.pause) if now >= state.until else None

    def answered(self) -> State:
        """The state after the server answered, whatever it said."""
        return Closed()

    def failed(self, state: State, now: float) -> State:
        """The state after it did not. What was sent before the breaker opened does not open it for longer."""
        if isinstance(state, Closed) and state.failures + 1 < self.failures:
            return Closed(state.failures + 1)
        return state if isinstance(state, Open) else Open(now + self.pause)
