"""Wiring: settings, knowledge, clock, protocol. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cds.consult import Consultant, decode_request
from cds.demo import Demonstration
from cds.errors import CdsError, Unexpected, answer, from_framework
from cds.fhir.server.breaker import Breaker
from cds.fhir.server.budget import Limits
from cds.fhir.server.client import FhirClient
from cds.hooks import openapi
from cds.hooks.calls import ANONYMOUS, Answer, Call, Caller
from cds.hooks.cors import CrossOrigin
from cds.hooks.requests import decode
from cds.hooks.routes import PATH, Consult, Decode, Guard, Keep, open_to_all, routes
from cds.hooks.services import Service
from cds.operations import health
from cds.operations.living import living
from cds.operations.logs import CallLog
from cds.operations.metrics import Metrics
from cds.operations.witness import Witness
from cds.remembered import Remembered
from cds.settings import Settings
from cds.trust.gate import Gate
from cds.trust.outgoing import Base, networks

__all__ = ["assemble", "create_app"]

TITLE = "calcification-cds"
DESCRIPTION = "CDS Hooks service for soft-tissue calcification and chronic venous insufficiency"


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """The service as an ASGI application. `clock` says what time it is, with a time zone; by default this machine's.

    Raises KnowledgeError when the rules cannot be loaded, ClientsError when the clients cannot, StateError when nothing can
    be remembered.
    """
    settings = settings or Settings()
    tell = clock or _now
    consultant = Consultant.load(settings)
    client = _fhir_client(settings)
    readable = _readable(settings)
    remembered = Remembered.of(settings, consultant, tell) if settings.memory else None
    memory = remembered.memory if remembered else None
    metrics = Metrics(memory)
    gate = Gate.opened(settings, tell, [each.id for each in consultant.services], metrics.refused)

    async def consult(call: Call) -> Answer:
        request, caller = call.request, call.caller
        fetched = await consultant.fetch(request, client, readable(caller)) if request.fhir_server else None
        if remembered is None:
            return consultant.consult(call, tell(), fetched)
        patient = remembered.patient(request, caller.name)
        return consultant.consult(call, tell(), fetched, remembered.dismissed(patient))._replace(patient=patient)

    app = assemble(
        consultant.services,
        consult,
        settings,
        read=decode_request,
        guard=gate.guard if gate else open_to_all,
        keep=remembered.keep if remembered else None,
        lifespan=lambda _: living(settings, client, gate, memory, metrics),
    )
    app.add_middleware(Witness, before=[remembered.told] if remembered else [], after=[metrics.told, CallLog().told])
    app.router.routes.extend(health.routes(consultant.knowledge.version, memory, gate))
    if token := settings.metrics_token.get_secret_value():
        app.router.routes.append(metrics.route(token))
    if settings.demo:
        app.router.routes.append(Demonstration(consultant.reader.templates, tell).route())
    return app


def assemble(
    services: Sequence[Service],
    consult: Consult,
    settings: Settings,
    *,
    read: Decode = decode,
    guard: Guard = open_to_all,
    keep: Keep | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """The protocol around whoever answers: paths, cross-origin calls, one shape of error, the OpenAPI document.

    `read` reads the bodies, `guard` stands before the services. Feedback is taken where somebody will `keep` it. `lifespan`
    runs in every process, on the loop that answers.
    """
    app = FastAPI(
        title=TITLE,
        version=version(TITLE),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={CdsError: _known, HTTPException: _framework, Exception: _unknown},
    )
    app.router.routes.extend(
        routes(
            services,
            consult,
            limit=settings.body_limit,
            language=settings.language,
            read=read,
            guard=guard,
            keep=keep,
        )
    )
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins, path=PATH)
    document = openapi.document(
        services,
        title=app.title,
        version=app.version,
        description=app.description,
        feedback=keep is not None,
        guarded=guard is not open_to_all,
    )
    app.openapi = lambda: document  # type: ignore[method-assign]
    return app


def _fhir_client(settings: Settings) -> FhirClient:
    limits = Limits(
        seconds=settings.fetch_deadline / 1000,
        pages=settings.fetch_pages,
        answer_bytes=settings.fetch_answer_limit,
        total_bytes=settings.fetch_limit,
    )
    breaker = Breaker(settings.fetch_failures, settings.fetch_pause)
    return FhirClient(limits, networks(settings.private_addresses), breaker)


def _readable(settings: Settings) -> Callable[[Caller], tuple[Base, ...]]:
    """The FHIR servers that may be read for a caller (S9): its own; those of the site where nobody is asked who it is."""
    own = tuple(map(Base.parse, settings.fhir_servers))

    @cache
    def readable(caller: Caller) -> tuple[Base, ...]:
        return own if caller == ANONYMOUS else tuple(map(Base.parse, caller.fhir_servers))

    return readable


def _now() -> datetime:
    return datetime.now(UTC)


async def _known(_: Request, error: Exception) -> Response:
    """Every error of ours (R8)."""
    assert isinstance(error, CdsError)
    status, body, headers = answer(error)
    return Response(body, status, dict(headers))


async def _framework(request: Request, error: Exception) -> Response:
    """What the framework would answer in its own words: no such path, method not allowed."""
    assert isinstance(error, HTTPException)
    return await _known(request, from_framework(error.status_code, (error.headers or {}).get("Allow", "")))


async def _unknown(request: Request, _: Exception) -> Response:
    """A defect outside the service call, which has a net of its own."""
    return await _known(request, Unexpected())
