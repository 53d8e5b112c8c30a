"""Wiring: settings, knowledge, clock, protocol. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from importlib.metadata import version

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cds import health
from cds.consult import Consultant
from cds.demo import Demonstration
from cds.errors import CdsError, Unexpected, answer, from_framework
from cds.hooks import openapi, requests
from cds.hooks.calls import Answer
from cds.hooks.cors import CrossOrigin
from cds.hooks.languages import Language
from cds.hooks.routes import PATH, Consult, Keep, routes
from cds.hooks.services import Service
from cds.living import living
from cds.logs import CallLog
from cds.metrics import Metrics
from cds.remembered import Remembered
from cds.settings import Settings
from cds.witness import Witness

__all__ = ["assemble", "create_app"]

TITLE = "calcification-cds"
DESCRIPTION = "CDS Hooks service for soft-tissue calcification and chronic venous insufficiency"


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """The service as an ASGI application. `clock` says what time it is, with a time zone; by default this machine's.

    Raises KnowledgeError when the rules cannot be loaded, StateError when there is no place to remember what is said.
    """
    settings = settings or Settings()
    tell = clock or _now
    consultant = Consultant.load(settings)
    remembered = Remembered.of(settings, consultant, tell) if settings.memory else None
    memory = remembered.memory if remembered else None
    metrics = Metrics(memory)

    async def consult(service: Service, request: requests.Request, language: Language) -> Answer:
        dismissed = remembered.dismissed(request) if remembered else {}
        return consultant.consult(service, request, tell(), language, dismissed)

    app = assemble(
        consultant.services,
        consult,
        settings,
        keep=remembered.keep if remembered else None,
        lifespan=lambda _: living(settings, memory, metrics),
    )
    app.add_middleware(Witness, told=[*([remembered.told] if remembered else ()), metrics.told, CallLog().told])
    app.router.routes.extend(health.routes(consultant.knowledge.version, memory))
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
    keep: Keep | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """The protocol around whoever answers: paths, cross-origin calls, one shape of error, the OpenAPI document.

    Feedback is taken where somebody will `keep` it. `lifespan` runs in every process, on the loop that answers.
    """
    app = FastAPI(
        lifespan=lifespan,
        title=TITLE,
        version=version(TITLE),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={CdsError: _known, HTTPException: _framework, Exception: _unknown},
    )
    app.router.routes.extend(
        routes(services, consult, limit=settings.body_limit, language=settings.language, keep=keep)
    )
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins, path=PATH)
    document = openapi.document(
        services, title=app.title, version=app.version, description=app.description, feedback=keep is not None
    )
    app.openapi = lambda: document  # type: ignore[method-assign]
    return app


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
