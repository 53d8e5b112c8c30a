"""Every error that this service raises on purpose, and the one place that knows HTTP status and OperationOutcome.

CdsError
├── RequestError              the caller's request cannot be answered
│   ├── NotJson               400  the body is not the JSON of a CDS Hooks request
│   ├── InvalidRequest        400  a required member is missing or malformed
│   ├── WrongHook             400  the service exists, but not for this hook
│   ├── Unauthorized          401  who calls could not be verified (S7)
│   ├── Forbidden             403  a verified client may not call this service
│   ├── UnknownService        404
│   ├── NoSuchResource        404  no such path
│   ├── MethodNotAllowed      405
│   ├── PreconditionFailed    412  nothing true can be said without data that the request lacks (R7)
│   ├── BodyTooLarge          413
│   ├── WrongMediaType        415
│   ├── TooManyRequests       429  a client calls more often than was agreed
│   └── HeadTooLarge          431  request line and headers are longer than anybody needs
├── NotReady                  503  the service is starting or stopping
├── StoreUnavailable          503  feedback cannot be kept now; the caller should send it again
├── KnowledgeError            rules/ or profiles/ cannot be loaded (start-up, `cds rules check`)
├── ClientsError              the file of clients cannot be used (start-up, `cds clients check`)
├── StateError                the state folder, or what the settings say of the store, cannot be used (start-up)
├── InputError                a file given to the command line cannot be read
└── Unexpected                500  a defect of ours; says nothing about its cause

Messages are for the integrator: they name members and limits of the protocol, never a value of the request.
"""

# ruff: noqa: N818 - an error is named for what is wrong
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, NamedTuple

import msgspec

__all__ = [
    "ANSWERED",
    "OF_FEEDBACK",
    "OF_TRUST",
    "OK",
    "BodyTooLarge",
    "CdsError",
    "ClientsError",
    "Forbidden",
    "HeadTooLarge",
    "HttpAnswer",
    "InputError",
    "InvalidRequest",
    "KnowledgeError",
    "MethodNotAllowed",
    "NoSuchResource",
    "NotJson",
    "NotReady",
    "PreconditionFailed",
    "RequestError",
    "StateError",
    "StoreUnavailable",
    "TooManyRequests",
    "Unauthorized",
    "Unexpected",
    "UnknownService",
    "WrongHook",
    "WrongMediaType",
    "answer",
    "from_framework",
]

OK: Final = 200
"""What is not an error."""


class CdsError(Exception):
    """Base of the tree. `status` and `issue` (FHIR's issue-type) are what HTTP and OperationOutcome make of it."""

    status: ClassVar[int] = 500
    issue: ClassVar[str] = "exception"

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer beyond its content type."""
        return {}


class RequestError(CdsError):
    """The caller's request cannot be answered; the caller can mend it."""

    status = 400
    issue = "invalid"


class NotJson(RequestError):
    """The body is not the JSON of a CDS Hooks request."""

    issue = "structure"


class InvalidRequest(RequestError):
    """A member is missing or malformed; the message names it."""


class WrongHook(RequestError):
    """The service exists, but not for this hook (R3). Names the hooks that it serves."""

    issue = "not-supported"

    def __init__(self, served: Iterable[str]) -> None:
        super().__init__(f"`hook` must be one that this service serves: {', '.join(served)}")


class Unauthorized(RequestError):
    """Who calls could not be verified. Every reason gives the same answer (S7): `reason`, a short code, is for the log."""

    status = 401
    issue = "login"

    def __init__(self, reason: str) -> None:
        super().__init__("a valid token of a known client is required")
        self.reason = reason

    @property
    def headers(self) -> Mapping[str, str]:
        return {"www-authenticate": "Bearer"}


class Forbidden(RequestError):
    """A verified client may not call this service."""

    status = 403
    issue = "forbidden"

    def __init__(self) -> None:
        super().__init__("this client may not call this service")


class UnknownService(RequestError):
    """No service has the id in the path."""

    status = 404
    issue = "not-found"

    def __init__(self) -> None:
        super().__init__("there is no service with this id; GET /cds-services lists them")


class NoSuchResource(RequestError):
    """Nothing lives under the path."""

    status = 404
    issue = "not-found"

    def __init__(self) -> None:
        super().__init__("there is nothing under this path; GET /cds-services lists the services")


class MethodNotAllowed(RequestError):
    """The path exists, but not for this method. `allow` is the Allow header."""

    status = 405
    issue = "not-supported"

    def __init__(self, allow: str = "") -> None:
        super().__init__(f"this path takes {allow} only" if allow else "this path does not take this method")
        self.allow = allow

    @property
    def headers(self) -> Mapping[str, str]:
        return {"allow": self.allow} if self.allow else {}


class PreconditionFailed(RequestError):
    """Nothing true can be said without data that the request lacks (R7)."""

    status = 412
    issue = "required"


class BodyTooLarge(RequestError):
    """The body exceeds the limit of the settings."""

    status = 413
    issue = "too-long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body must not exceed {limit} bytes")


class WrongMediaType(RequestError):
    """The body is not said to be JSON in UTF-8."""

    status = 415
    issue = "not-supported"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"accept-post": "application/json"}


class TooManyRequests(RequestError):
    """A client calls more often, or more at a time, than was agreed. `wait` is in whole seconds."""

    status = 429
    issue = "throttled"

    def __init__(self, wait: int) -> None:
        super().__init__("this client calls more often than was agreed")
        self.wait = wait

    @property
    def headers(self) -> Mapping[str, str]:
        return {"retry-after": str(self.wait)}


class HeadTooLarge(RequestError):
    """The request line and the headers are longer than anybody needs."""

    status = 431
    issue = "too-long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request line and the headers must not exceed {limit} bytes")


class KnowledgeError(CdsError):
    """rules/ or profiles/ cannot be loaded; one mistake per line, each with its file and line."""


class ClientsError(CdsError):
    """The file of clients cannot be used; one mistake per line, each with its file and line."""


class InputError(CdsError):
    """A file given to the command line cannot be read."""


class StateError(CdsError):
    """What the service needs to remember its answers cannot be used; it does not start without."""


class NotReady(CdsError):
    """The service is starting or stopping."""

    status = 503
    issue = "transient"

    def __init__(self) -> None:
        super().__init__("the service is starting or stopping")


class StoreUnavailable(CdsError):
    """Feedback cannot be kept now. It was not taken; send it again (F2)."""

    status = 503
    issue = "transient"

    def __init__(self, cause: str = "") -> None:
        super().__init__("what clinicians did with cards cannot be kept now; send it again later")
        self.cause = cause
        """Type of what went wrong, for the log."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"retry-after": "10"}


class Unexpected(CdsError):
    """A defect of ours. Says nothing about its cause: the cause may quote the patient."""

    def __init__(self) -> None:
        super().__init__("the service failed; the failure is in its log")


ANSWERED: tuple[type[CdsError], ...] = (
    NotJson,
    InvalidRequest,
    WrongHook,
    Unauthorized,
    Forbidden,
    UnknownService,
    NoSuchResource,
    MethodNotAllowed,
    PreconditionFailed,
    BodyTooLarge,
    WrongMediaType,
    TooManyRequests,
    HeadTooLarge,
    Unexpected,
)
"""Every error that a client of a service can meet."""

OF_TRUST: tuple[type[CdsError], ...] = (Unauthorized, Forbidden, TooManyRequests)
"""Those among them that a client meets only where it is asked who it is."""

OF_FEEDBACK: tuple[type[CdsError], ...] = (
    *(error for error in ANSWERED if error not in (WrongHook, PreconditionFailed)),
    StoreUnavailable,
)
"""Every error that a client can meet who sends feedback."""


class HttpAnswer(NamedTuple):
    """An error as it goes over the wire (R8): an OperationOutcome, whatever went wrong."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def answer(error: CdsError) -> HttpAnswer:
    """`error` as HTTP: one shape, no stack trace, no path, no patient data, no echo of the input (R8)."""
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": error.issue, "diagnostics": str(error)}],
    }
    headers = {"content-type": "application/fhir+json", "cache-control": "no-store", **error.headers}
    return HttpAnswer(error.status, msgspec.json.encode(outcome), headers)


def from_framework(status: int, allow: str = "") -> CdsError:
    """What Starlette would answer by itself with `status`, as an error of ours."""
    if status == MethodNotAllowed.status:
        return MethodNotAllowed(allow)
    if status == NoSuchResource.status:
        return NoSuchResource()
    return RequestError("the request cannot be answered") if status < Unexpected.status else Unexpected()
