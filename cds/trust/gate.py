"""The order in which a call is checked: cheap before costly, and nothing is written down before the signature held.

Shape, allow-list, claims, a look whether the token was used, the key, the signature, what was agreed, the limits, and
only then "used": whoever cannot sign can neither burn somebody's token nor use up somebody's limit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from cds.errors import Forbidden, TooManyRequests, Unauthorized
from cds.hooks.calls import CALLER
from cds.settings import Settings
from cds.trust.keys import verifies
from cds.trust.outgoing import networks
from cds.trust.register import Known, Register
from cds.trust.replay import InProcess, Together, UsedTokens
from cds.trust.replay_database import InDatabase
from cds.trust.replay_file import InFile
from cds.trust.tokens import LEEWAY, Token, bearer, check_audience, check_times, parse

__all__ = ["Gate", "Observer"]

Observer = Callable[[str, str], None]
"""Told (reason, name of the client or "") of every call that is turned away. The name is what the token claims."""

_FEEDBACK = "/feedback"
_PATIENCE = 0.5
"""Seconds: whoever asks whether the service is ready must not wait for the key servers of clients."""
_LOG = logging.getLogger(__name__)


def _nobody(_: str, __: str) -> None:
    return


class Gate:
    """Asks callers who they are."""

    def __init__(
        self,
        register: Register,
        used: UsedTokens,
        *,
        public_urls: Iterable[str],
        lifetime: float,
        clock: Callable[[], datetime],
        observe: Observer = _nobody,
    ) -> None:
        self._register = register
        self._used = used
        self._bases = tuple(public_urls)
        self._lifetime = lifetime
        self._clock = clock
        self._observe = observe

    @classmethod
    def opened(
        cls,
        settings: Settings,
        clock: Callable[[], datetime],
        services: Iterable[str],
        observe: Observer = _nobody,
    ) -> Gate | None:
        """The gate of `settings`; None where no clients are configured.

        `services` are the ids that a client may be given.

        Raises ClientsError.
        """
        if settings.clients is None:
            return None
        shared = InDatabase.at(settings.store.get_secret_value())
        return cls(
            Register(settings.clients, services, networks(settings.private_addresses)),
            Together([InProcess(), InFile(settings.state_folder), *([shared] if shared else [])]),
            public_urls=settings.public_urls,
            lifetime=settings.token_lifetime,
            clock=clock,
            observe=observe,
        )

    def guard(self, endpoint: ASGIApp) -> ASGIApp:
        """`endpoint`, which is reached by verified clients only; its scope then says who calls.

        The endpoint lies under a path parameter `service_id`. Raises Unauthorized, Forbidden, TooManyRequests.
        """
        return _Guarded(self, endpoint)

    async def close(self) -> None:
        """Close files and connections."""
        await self._used.close()

    async def without_keys(self) -> tuple[str, ...]:
        """Names of the clients that cannot call because none of their keys could be read yet. Nobody waits long for it."""
        return await self._register.without_keys(_PATIENCE)

    async def admit(self, scope: Scope) -> Known:
        """Who calls; its call has begun, and counts until `limit.leave()`.

        Raises Unauthorized, Forbidden, TooManyRequests.
        """
        known = None
        try:
            token = parse(bearer(scope["headers"]))
            known = self._allowed(token)
            check_audience(token, self._endpoints(scope["path"]))
            now = self._clock().timestamp()
            check_times(token, now, self._lifetime)
            await self._verify(token, known)
            await self._let_in(token, known, scope["path_params"]["service_id"], now)
        except (Unauthorized, Forbidden, TooManyRequests) as error:
            self._turn_away(error, known)
            raise
        return known

    def _allowed(self, token: Token) -> Known:
        """The client that the token claims to be of (S2, S3)."""
        known = self._register.find(token.issuer, token.tenant)
        if known is None:
            raise Unauthorized("issuer")
        if token.key_url and token.key_url != known.client.jku:
            raise Unauthorized("key-url")
        if token.algorithm not in known.client.algorithms:
            raise Unauthorized("algorithm")
        return known

    def _endpoints(self, path: str) -> set[str]:
        """Every URL under which the configuration knows this endpoint; never what the Host header says (S4).

        Feedback is also reached with a token for the service that it is about: many clients have one URL per service.
        """
        paths = (path, path.removesuffix(_FEEDBACK))
        return {base + each for base in self._bases for each in paths}

    async def _verify(self, token: Token, known: Known) -> None:
        if await self._used.has(token.fingerprint):
            raise Unauthorized("replayed")
        key = await known.keys.find(token.key_id, token.algorithm)
        if key is None:
            raise Unauthorized("key-unknown")
        if not verifies(key, token.text, token.algorithm):
            raise Unauthorized("signature")

    async def _let_in(self, token: Token, known: Known, service: str, now: float) -> None:
        """From here on the caller is who it says. A call over the limit does not use its token up."""
        services = known.caller.services
        if services is not None and service not in services:
            raise Forbidden
        known.limit.enter()
        new = False
        try:
            new = await self._used.add(token.fingerprint, token.expires + LEEWAY, now)
        finally:
            if not new:
                known.limit.leave()
        if not new:
            raise Unauthorized("replayed")

    def _turn_away(self, error: Unauthorized | Forbidden | TooManyRequests, known: Known | None) -> None:
        """The reason goes to the log and to whoever counts, never to the caller (S7)."""
        reason = error.reason if isinstance(error, Unauthorized) else error.issue
        name = known.client.name if known else ""
        _LOG.warning("call turned away: %s%s", reason, f" (claims to be {name})" if name else "")
        self._observe(reason, name)


class _Guarded:
    """An endpoint with the gate before it. (Of a plain function the router would make something else.)"""

    def __init__(self, gate: Gate, endpoint: ASGIApp) -> None:
        self._gate = gate
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = await self._gate.admit(scope)
        scope[CALLER] = known.caller
        try:
            await self._endpoint(scope, receive, send)
        finally:
            known.limit.leave()
