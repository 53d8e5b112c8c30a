"""How often a client may call, and how much at a time: a bucket of permissions that fills at the agreed rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from cds.errors import TooManyRequests
from cds.trust.accounts import Account, Accounts, Used

__all__ = ["Limit"]


class Limit:
    """`rate` calls per second, twice as many at once after a pause, `concurrent` of them unanswered.

    Processes that have the same account count together; without one it counts for itself.
    """

    def __init__(
        self,
        rate: float,
        concurrent: int,
        monotonic: Callable[[], float] = time.monotonic,
        account: Account | None = None,
    ) -> None:
        self._rate = rate
        self._concurrent = concurrent
        self._monotonic = monotonic
        self._most = max(1.0, 2 * rate)
        self._account = account or Accounts(1).of("")

    def enter(self) -> None:
        """Begin a call. Raises TooManyRequests, with the time after which the next one would be let in."""
        with self._account as before:
            now = self._monotonic()
            spent = max(0.0, before.spent - (now - before.at) * self._rate)
            if spent > self._most - 1:
                raise TooManyRequests(math.ceil((spent - self._most + 1) / self._rate))
            if before.running >= self._concurrent:
                raise TooManyRequests(1)
            self._account.write(Used(spent + 1, now, before.running + 1))

    def leave(self) -> None:
        """End a call that was let in."""
        with self._account as before:
            self._account.write(before._replace(running=before.running - 1))
