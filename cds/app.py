"""Wiring: settings, knowledge, clock, protocol. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cds.consult import Consultant
from cds.demo import Demonstration
from cds.errors import CdsError, Unexpected, answer, from_framework
from cds.hooks import models, openapi
from cds.hooks.calls import Call
from cds.hooks.cors import CrossOrigin
from cds.hooks.routes import PATH, Consult, Guard, open_to_all, routes
from cds.hooks.services import Service
from cds.settings import Settings
from cds.trust.gate import Gate

__all__ = ["assemble", "create_app"]

TITLE = "calcification-cds"
DESCRIPTION = "CDS Hooks service for soft-tissue calcification and chronic venous insufficiency"


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """The service as an ASGI application. `clock` says what time it is, with a time zone; by default this machine's.

    Raises KnowledgeError when the rules cannot be loaded, ClientsError when the clients cannot.
    """
    settings = settings or Settings()
    tell = clock or _now
    consultant = Consultant.load(settings)

    async def consult(call: Call) -> models.Response:
        return consultant.consult(call.service, call.request, tell(), call.language)

    gate = Gate.opened(settings, tell, [each.id for each in consultant.services])
    app = assemble(consultant.services, consult, settings, gate.guard if gate else open_to_all)
    if settings.demo:
        app.router.routes.append(Demonstration(consultant.reader.templates, tell).route())
    return app


def assemble(services: Sequence[Service], consult: Consult, settings: Settings, guard: Guard = open_to_all) -> FastAPI:
    """The protocol around whoever answers: paths, cross-origin calls, one shape of error, the OpenAPI document."""
    app = FastAPI(
        title=TITLE,
        version=version(TITLE),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={CdsError: _known, HTTPException: _framework, Exception: _unknown},
    )
    app.router.routes.extend(
        routes(services, consult, limit=settings.body_limit, language=settings.language, guard=guard)
    )
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins, path=PATH)
    document = openapi.document(services, title=app.title, version=app.version, description=app.description)
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
