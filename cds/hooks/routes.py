"""The paths of the protocol. They know who answers only as a callable: no medicine here.

Plain ASGI endpoints inside FastAPI's router: a body goes in as bytes and the answer leaves as bytes. FastAPI's own
reading of a body costs more than the whole evaluation, and its 422 echoes the patient.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cds.errors import OK, CdsError, Unexpected, UnknownService
from cds.hooks.bodies import Disconnected, check_media_type, receive_body
from cds.hooks.calls import ANONYMOUS, CALLER, Call, Caller
from cds.hooks.languages import Language, preferred
from cds.hooks.models import Response
from cds.hooks.requests import decode
from cds.hooks.services import Service, discovery

__all__ = ["PATH", "Consult", "Guard", "open_to_all", "routes"]

PATH = "/cds-services"

Consult = Callable[[Call], Awaitable[Response]]
"""Answers a call. May raise any CdsError."""

Guard = Callable[[ASGIApp], ASGIApp]
"""Puts somebody before an endpoint who asks callers who they are."""

_JSON = b"application/json"
_LOG = logging.getLogger(__name__)


def open_to_all(endpoint: ASGIApp) -> ASGIApp:
    """The guard that asks nobody: every caller is anonymous."""
    return endpoint


def routes(
    services: Iterable[Service], consult: Consult, *, limit: int, language: Language, guard: Guard = open_to_all
) -> list[Route]:
    """Discovery, which everybody may read (D1), and the service endpoint behind `guard`.

    Bodies up to `limit` bytes; `language` for callers that name none.
    """
    services = tuple(services)
    return [
        Route(PATH, _Constant(msgspec.json.encode(discovery(services))), methods=["GET"]),
        Route(PATH + "/{service_id}", guard(_ServiceCall(services, consult, limit, language)), methods=["POST"]),
    ]


class _Constant:
    """An answer that never changes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await _answer(send, self._body)


class _ServiceCall:
    """`POST /cds-services/{service_id}`."""

    def __init__(self, services: Iterable[Service], consult: Consult, limit: int, language: Language) -> None:
        self._services = {service.id: (service, service.served) for service in services}
        self._consult = consult
        self._limit = limit
        self._language: Language = language
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            service, served = self._services[scope["path_params"]["service_id"]]
        except KeyError:
            raise UnknownService from None
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        check_media_type(headers.get(b"content-type", ""), headers.get(b"content-encoding", ""))
        try:
            body = await receive_body(receive, self._limit, headers.get(b"content-length", ""))
        except Disconnected:
            return
        caller: Caller = scope.get(CALLER, ANONYMOUS)
        language = preferred(headers.get(b"accept-language", ""), caller.language or self._language)
        try:
            answer = self._encode(await self._consult(Call(service, decode(body, served), language, caller)))
        except CdsError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may quote the patient
            _LOG.error("%s at %s", type(error).__name__, _whereabouts(error))
            raise Unexpected from None
        await _answer(send, answer, (b"content-language", language.encode()), (b"cache-control", b"no-store"))


async def _answer(send: Send, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    start = [(b"content-type", _JSON), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": OK, "headers": start})
    await send({"type": "http.response.body", "body": body})


def _whereabouts(error: Exception) -> str:
    """Where it happened, and nothing of what was in the variables there or in the message."""
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__)))
