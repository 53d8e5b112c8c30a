"""The OpenAPI document: which paths there are, who may call them, and what each answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cds.errors import (
    ANSWERED,
    OF_FEEDBACK,
    OF_TRUST,
    OK,
    CdsError,
    StoreUnavailable,
    TooManyRequests,
    Unauthorized,
)
from cds.hooks.routes import PATH
from cds.hooks.schemas import OBJECT, REF, request_name, schemas
from cds.hooks.services import Service

__all__ = ["document"]

_CLIENT = "client"
_SCHEME: Mapping[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": (
        "A JWT that the client signs for this call alone, with an asymmetric key that was agreed (S1 to S5): `aud` is the URL "
        "of the service, `jti` is used once."
    ),
}
"""How a client says who it is."""

_SECONDS = {"description": "Seconds to wait", "required": True, "schema": {"type": "integer", "minimum": 1}}
_HEADERS: Mapping[type[CdsError], dict[str, Any]] = {
    Unauthorized: {"WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}},
    TooManyRequests: {"Retry-After": _SECONDS},
    StoreUnavailable: {"Retry-After": _SECONDS},
}
"""What an error says in headers of its answer."""


def document(
    services: Iterable[Service],
    *,
    title: str,
    version: str,
    description: str,
    feedback: bool = False,
    guarded: bool = False,
) -> dict[str, Any]:
    """OpenAPI 3.1 of discovery and of every service on its hooks, with its feedback where that is taken.

    `guarded`: callers are asked who they are (S1).
    """
    services = tuple(services)
    hooks = sorted({hook for service in services for hook in service.hooks})
    calls = {f"{PATH}/{service.id}": _call(service) for service in services}
    if feedback:
        calls |= {f"{PATH}/{service.id}/feedback": _feedback(service) for service in services}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "paths": {
            PATH: {"get": _discovery()},
            **{path: {"post": _asked(call) if guarded else _not_asked(call)} for path, call in calls.items()},
        },
        "components": {
            "schemas": schemas(hooks, feedback=feedback),
            **({"securitySchemes": {_CLIENT: _SCHEME}} if guarded else {}),
        },
    }


def _asked(call: Mapping[str, Any]) -> dict[str, Any]:
    """`call` where callers are asked who they are."""
    return {**call, "security": [{_CLIENT: []}]}


def _not_asked(call: Mapping[str, Any]) -> dict[str, Any]:
    """`call` where nobody is asked, and so nobody is refused for who it is."""
    refusals = {str(error.status) for error in OF_TRUST}
    return {**call, "responses": {status: each for status, each in call["responses"].items() if status not in refusals}}


def _discovery() -> dict[str, Any]:
    return {
        "operationId": "discovery",
        "summary": "The services, each on every hook that it serves",
        "responses": {str(OK): _answer("The services", "application/json", "Discovery")},
    }


def _call(service: Service) -> dict[str, Any]:
    """A path for each service: which hooks it serves is part of its contract (R3)."""
    requests = [{"$ref": REF.format(name=request_name(hook))} for hook in sorted(service.hooks)]
    return {
        "operationId": f"call-{service.id}",
        "summary": service.title,
        "parameters": [
            {"name": "Accept-Language", "in": "header", "required": False, "schema": {"type": "string"}},
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": requests}}}},
        "responses": {str(OK): _answer("Cards", "application/json", "Response"), **_failures()},
    }


def _feedback(service: Service) -> dict[str, Any]:
    return {
        "operationId": f"feedback-{service.id}",
        "summary": f"What clinicians did with cards of: {service.title}",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(name="FeedbackRequest")}}},
        },
        "responses": {
            str(OK): {"description": "Kept", "content": {"application/json": {"schema": OBJECT}}},
            **_failures(OF_FEEDBACK),
        },
    }


def _failures(answered: Iterable[type[CdsError]] = ANSWERED) -> dict[str, Any]:
    by_status: dict[int, list[type[CdsError]]] = {}
    for error in answered:
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _failure(errors) for status, errors in sorted(by_status.items())}


def _failure(errors: Iterable[type[CdsError]]) -> dict[str, Any]:
    described = _answer(" ".join(map(_first_line, errors)), "application/fhir+json", "OperationOutcome")
    headers = {name: header for error in errors for name, header in _HEADERS.get(error, {}).items()}
    return {**described, "headers": headers} if headers else described


def _first_line(error: type[CdsError]) -> str:
    return (error.__doc__ or "").partition("\n")[0]


def _answer(description: str, media_type: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": {"$ref": REF.format(name=schema)}}}}
