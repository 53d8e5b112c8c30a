"""The paths of the protocol. They know who answers only as a callable: no medicine here.

Plain ASGI endpoints inside FastAPI's router: a body goes in as bytes and the answer leaves as bytes. FastAPI's own
reading of a body costs more than the whole evaluation, and its 422 echoes the patient.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cds.errors import OK, CdsError, Unexpected, UnknownService
from cds.hooks.bodies import Disconnected, check_media_type, receive_body
from cds.hooks.calls import ANONYMOUS, CALLER, SEEN, Answer, Call, Seen
from cds.hooks.feedback import Feedback, decode_feedback
from cds.hooks.languages import Language, preferred
from cds.hooks.requests import Request, decode
from cds.hooks.services import Service, discovery

__all__ = ["PATH", "Consult", "Decode", "Guard", "Keep", "open_to_all", "routes"]

PATH = "/cds-services"

Consult = Callable[[Call], Awaitable[Answer]]
"""Answers a call. May raise any CdsError."""

Decode = Callable[[bytes, Mapping[str, str]], Request]
"""Reads a body for a service that serves these hooks. May raise any CdsError."""

Guard = Callable[[ASGIApp], ASGIApp]
"""Puts somebody before an endpoint who asks callers who they are."""

Keep = Callable[[str, Service, Sequence[Feedback]], Awaitable[None]]
"""Commits what a client (its name) says that clinicians did (F1 to F3). May raise StoreUnavailable."""

_Headers = tuple[tuple[bytes, bytes], ...]

_JSON = b"application/json"
_NOT_STORED = (b"cache-control", b"no-store")
_LOG = logging.getLogger(__name__)


def open_to_all(endpoint: ASGIApp) -> ASGIApp:
    """The guard that asks nobody: every caller is anonymous."""
    return endpoint


def routes(
    services: Iterable[Service],
    consult: Consult,
    *,
    limit: int,
    language: Language,
    read: Decode = decode,
    guard: Guard = open_to_all,
    keep: Keep | None = None,
) -> list[Route]:
    """Discovery, which everybody may read (D1); behind `guard` the service endpoint, and that of feedback where it is kept.

    Bodies up to `limit` bytes, which `read` reads; `language` for callers that name none.
    """
    services = tuple(services)
    found = [
        Route(PATH, _Constant(msgspec.json.encode(discovery(services))), methods=["GET"]),
        Route(PATH + "/{service_id}", guard(_ServiceCall(services, consult, limit, language, read)), methods=["POST"]),
    ]
    if keep is not None:
        feedback = guard(_FeedbackCall(services, keep, limit))
        found.append(Route(PATH + "/{service_id}/feedback", feedback, methods=["POST"]))
    return found


class _Constant:
    """An answer that never changes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await _answer(send, self._body)


class _Call:
    """A POST about one service: received here, answered by a subclass, its failures under one roof."""

    def __init__(self, services: Iterable[Service], limit: int) -> None:
        self._services = {service.id: service for service in services}
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            service = self._services[scope["path_params"]["service_id"]]
        except KeyError:
            raise UnknownService from None
        seen = scope[SEEN] = Seen(service, scope.get(CALLER, ANONYMOUS))
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            check_media_type(headers.get(b"content-type", ""), headers.get(b"content-encoding", ""))
            body = await receive_body(receive, self._limit, headers.get(b"content-length", ""))
            answer, more = await self._answer(seen, body, headers)
        except Disconnected:
            return
        except CdsError as error:
            seen.outcome = type(error).__name__
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may quote the patient
            seen.outcome = Unexpected.__name__
            _LOG.error("%s at %s", type(error).__name__, _whereabouts(error))
            raise Unexpected from None
        await _answer(send, answer, *more, _NOT_STORED)

    async def _answer(self, seen: Seen, body: bytes, headers: Mapping[bytes, str]) -> tuple[bytes, _Headers]:
        raise NotImplementedError


class _ServiceCall(_Call):
    """`POST /cds-services/{service_id}`."""

    def __init__(
        self, services: Iterable[Service], consult: Consult, limit: int, language: Language, read: Decode
    ) -> None:
        services = tuple(services)
        super().__init__(services, limit)
        self._served = {service.id: service.served for service in services}
        self._consult = consult
        self._language: Language = language
        self._read = read
        self._encode = msgspec.json.Encoder().encode

    async def _answer(self, seen: Seen, body: bytes, headers: Mapping[bytes, str]) -> tuple[bytes, _Headers]:
        language = preferred(headers.get(b"accept-language", ""), seen.caller.language or self._language)
        seen.request = self._read(body, self._served[seen.service.id])
        seen.answer = await self._consult(Call(seen.service, seen.request, language, seen.caller))
        return self._encode(seen.answer.response), ((b"content-language", language.encode()),)


class _FeedbackCall(_Call):
    """`POST /cds-services/{service_id}/feedback`."""

    def __init__(self, services: Iterable[Service], keep: Keep, limit: int) -> None:
        super().__init__(services, limit)
        self._keep = keep

    async def _answer(self, seen: Seen, body: bytes, headers: Mapping[bytes, str]) -> tuple[bytes, _Headers]:
        del headers
        items = decode_feedback(body)
        seen.feedback = len(items)
        await self._keep(seen.caller.name, seen.service, items)
        return b"{}", ()


async def _answer(send: Send, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    start = [(b"content-type", _JSON), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": OK, "headers": start})
    await send({"type": "http.response.body", "body": body})


def _whereabouts(error: Exception) -> str:
    """Where it happened, and nothing of what was in the variables there or in the message."""
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__)))
