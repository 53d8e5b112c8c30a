"""The FHIR client: a query becomes an answer, by whichever way the server takes it, and again where that may help."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from cds.fhir.server.breaker import Breaker, Closed, State
from cds.fhir.server.budget import Budget, Limits
from cds.fhir.server.connections import Connections
from cds.fhir.server.exchange import Bearer, exchange
from cds.fhir.server.failures import NoAnswer, Reason
from cds.fhir.server.queries import Query
from cds.fhir.written import UNREADABLE
from cds.trust.outgoing import Base, Network

__all__ = ["FhirClient"]

_ATTEMPTS: Final = 3
_FIRST_WAIT: Final = 0.025
"""Seconds before the second attempt, where the server names none; twice as many before each further one."""
_KEPT: Final = 3600.0
"""Seconds for which a server's version is remembered."""
_KEPT_UNKNOWN: Final = 60.0
"""The same for one that did not say."""
_MOST: Final = 1024
"""Servers that are remembered."""
_NOBODY: Final = Bearer("")


class _Capability(msgspec.Struct):
    fhirVersion: str = ""  # noqa: N815 - FHIR's name


_CAPABILITY: Final = msgspec.json.Decoder(_Capability)


@dataclass(slots=True)
class _Known:
    """What is remembered of a server."""

    state: State = field(default_factory=Closed)
    posts: bool = False
    """The last search that it refused to take by GET it took by POST."""
    version: str = ""
    version_until: float = 0.0


class FhirClient:
    """One for a process; open while its `connections` are. `clock` is monotonic, in seconds.

    It remembers of a server whether it answered lately, whether it takes a search by GET, which version it speaks.
    """

    def __init__(
        self,
        limits: Limits,
        private: Iterable[Network] = (),
        breaker: Breaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connections = Connections(private)
        self.limits = limits
        self._breaker = breaker or Breaker()
        self._clock = clock
        self._servers: dict[Base, _Known] = {}

    def budget(self) -> Budget:
        """A fresh one, from now on."""
        return Budget(self.limits, self._clock)

    def admit(self, base: Base) -> None:
        """Ask the breaker before a server is asked anything. Raises NoAnswer when it is to be left alone."""
        known = self._known(base)
        state = self._breaker.admit(known.state, self._clock())
        if state is None:
            raise NoAnswer(Reason.SERVER_DOWN)
        known.state = state

    def report(self, base: Base, *, answered: bool) -> None:
        """Tell the breaker what became of it."""
        known = self._known(base)
        known.state = self._breaker.answered() if answered else self._breaker.failed(known.state, self._clock())

    async def ask(self, base: Base, query: Query, bearer: Bearer, budget: Budget) -> bytes:
        """The answer to `query`. Raises NoAnswer."""
        if not query.is_search:
            return await self._get(base, query, bearer, budget)
        known = self._known(base)
        posting = known.posts or query.too_long
        first, second = (self._post, self._get) if posting else (self._get, self._post)
        try:
            return await first(base, query, bearer, budget)
        except NoAnswer as refusal:
            if refusal.reason is not Reason.METHOD_REFUSED:
                raise
        answer = await second(base, query, bearer, budget)
        known.posts = not posting
        return answer

    async def get(self, base: Base, url: str, bearer: Bearer, budget: Budget) -> bytes:
        """What stands at `url`, which lies in `base`; asked again where that may help and time is left."""

        async def once() -> bytes:
            return await exchange(self.connections.to(base), url, bearer, budget)

        return await _again(once, budget)

    async def capability(self, base: Base, budget: Budget) -> str:
        """`fhirVersion` of the server's CapabilityStatement, "" when it does not say. Asked without a token, and seldom."""
        known, now = self._known(base), self._clock()
        if now >= known.version_until:
            known.version = await self._version(base, budget)
            known.version_until = now + (_KEPT if known.version else _KEPT_UNKNOWN)
        return known.version

    def _known(self, base: Base) -> _Known:
        known = self._servers.get(base)
        if known is None:
            if len(self._servers) >= _MOST:  # a base may hold any number of others
                del self._servers[next(iter(self._servers))]
            known = self._servers[base] = _Known()
        return known

    async def _version(self, base: Base, budget: Budget) -> str:
        answered = False
        try:
            self.admit(base)
            async with asyncio.timeout(max(0.0, budget.remaining)):
                raw = await self.get(base, f"{base}/metadata?_elements=fhirVersion", _NOBODY, budget)
            answered = True
            return _CAPABILITY.decode(raw).fhirVersion
        except NoAnswer as failure:
            answered = not failure.reason.ailing
            return ""
        except (TimeoutError, *UNREADABLE):
            return ""
        finally:
            self.report(base, answered=answered)

    async def _get(self, base: Base, query: Query, bearer: Bearer, budget: Budget) -> bytes:
        return await self.get(base, query.url(base), bearer, budget)

    async def _post(self, base: Base, query: Query, bearer: Bearer, budget: Budget) -> bytes:
        url = query.search_url(base)
        return await exchange(self.connections.to(base), url, bearer, budget, form=query.parameters)


async def _again(once: Callable[[], Awaitable[bytes]], budget: Budget) -> bytes:
    """`once`, and again as long as that may help; never where the wait would outlast the budget."""
    try:
        return await once()
    except NoAnswer as failure:
        if not failure.again:
            raise
        failed = [failure]

    async def counting_the_first() -> bytes:
        if failed:
            raise failed.pop()
        return await once()

    def in_vain(state: RetryCallState) -> bool:
        return state.attempt_number >= _ATTEMPTS or state.upcoming_sleep >= budget.remaining

    # made only now: it costs half as much as an exchange
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, NoAnswer) and error.again),
        wait=_wait,
        stop=in_vain,
        sleep=asyncio.sleep,
        reraise=True,
    )
    return await retrying(counting_the_first)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, NoAnswer) and error.after is not None:
        return error.after
    jitter: float = random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    return _FIRST_WAIT * jitter * (1 << (state.attempt_number - 1))
