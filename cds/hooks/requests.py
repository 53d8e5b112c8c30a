"""The body of a service call becomes a `Request` (R1, R2, R4).

What a resource is, `cds.fhir` knows: a prefetch value becomes what a `Decoder` was told to make of resources, or stays JSON
text until it is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Raw

from cds.errors import InvalidRequest, PreconditionFailed, WrongHook
from cds.hooks.contexts import HOOKS, Context
from cds.hooks.members import Members, check_encoding, once, texts, whole

__all__ = ["Authorization", "Decoder", "Request", "decode"]


S = TypeVar("S", bound=msgspec.Struct)


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """`fhirAuthorization`: how the client lets us read its FHIR server. Never printed: it holds a token."""

    access_token: str
    token_type: str
    expires_in: int | None = None
    scope: str | None = None
    subject: str | None = None
    patient: str | None = None

    def __repr__(self) -> str:
        return "<Authorization>"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A service call as it was asked. Never printed: it is about a patient."""

    hook: str
    instance: str
    """`hookInstance`, a UUID as it is usually written."""
    context: Context
    fhir_server: str = ""
    """"" when the client gave none."""
    authorization: Authorization | None = None
    prefetch: Mapping[str, Any] = {}
    """Each value: a resource, a Bundle, an OperationOutcome, or null (R5); decoded, or all of them as JSON text (`Raw`)."""
    extension: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Request {self.hook}>"


_ENCODER = msgspec.json.Encoder()
_EMPTY = (b"null", b'""')
_EXPECTED = re.compile(r"Expected `([^`]+)`")
_PATH = re.compile(r"at `\$([.\w\[\]]*)`")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KINDS = {"str": "a string", "int": "an integer", "array": "an array"}


class Decoder:
    """Reads the bodies of service calls."""

    def __init__(self, resource: Any = None) -> None:
        """`resource` is the type that msgspec makes of a resource; None leaves every resource as JSON text."""
        self._whole = None if resource is None else whole(resource)

    def __call__(self, body: bytes, served: Mapping[str, Any] = HOOKS) -> Request:
        """The request in `body`. `served` are the hooks of the service that was called; by default every known one.

        Raises NotJson, InvalidRequest (naming the member), WrongHook (R3), PreconditionFailed (no patient identity, R7).
        """
        check_encoding(body)
        members = self._at_once(body, served)
        return _request(texts(body) if members is None else members, served)

    def _at_once(self, body: bytes, served: Mapping[str, Any]) -> Members | None:
        """Everything in one pass, unless the context holds resources: how those are read is for the reader to say."""
        if self._whole is None or served.keys() <= _WITH_RESOURCES:
            return None
        members = self._whole(body)
        return None if members is None or str(members.get("hook")) in _WITH_RESOURCES else members


decode = Decoder()
"""Leaves every resource as JSON text."""


def _request(members: Members, served: Mapping[str, Any]) -> Request:
    hook = _hook(members, served)
    authorization = _authorization(members)
    server = _url(members, "fhirServer")
    if authorization and not server:
        raise InvalidRequest("`fhirServer` is required where `fhirAuthorization` is given")
    return Request(
        hook=hook,
        instance=_instance(members),
        context=_context(hook, members),
        fhir_server=server,
        authorization=authorization,
        prefetch=_object(members, "prefetch") or {},
        extension=_object(members, "extension") or {},
    )


def _text(members: Mapping[str, Any], name: str) -> str:
    """A string member; "" when it is absent, null or empty (R4)."""
    value = members.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"`{name}` must be a string")
    return value


def _object(members: Mapping[str, Any], name: str) -> Members | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequest(f"`{name}` must be an object")
    return once(value, f"`{name}`")


def _url(members: Mapping[str, Any], name: str) -> str:
    value = _text(members, name)
    if value and not value.startswith(("https://", "http://")):
        raise InvalidRequest(f"`{name}` must be an absolute URL")
    return value


def _hook(members: Mapping[str, Any], served: Mapping[str, Any]) -> str:
    hook = _text(members, "hook")
    if not hook:
        raise InvalidRequest("`hook` is required")
    if hook not in served:
        raise WrongHook(served)
    return hook


def _instance(members: Mapping[str, Any]) -> str:
    value = _text(members, "hookInstance")
    if not value:
        raise InvalidRequest("`hookInstance` is required")
    if _UUID.fullmatch(value):
        return value
    try:
        return str(UUID(value))
    except ValueError:
        raise InvalidRequest("`hookInstance` must be a UUID") from None


def _context(hook: str, members: Mapping[str, Any]) -> Context:
    value = _object(members, "context")
    if value is None:
        raise InvalidRequest("`context` is required")
    if _is_empty(value.get("patientId")):
        raise PreconditionFailed("`context.patientId` is required: nothing can be said about an unknown patient")
    return _CONTEXTS[hook].read(value)


def _authorization(members: Mapping[str, Any]) -> Authorization | None:
    value = _object(members, "fhirAuthorization")
    if not value:
        return None
    authorization = _AUTHORIZATION.read(value)
    if authorization.token_type.casefold() != "bearer":
        raise InvalidRequest("`fhirAuthorization.token_type` must be Bearer")
    return authorization


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, Raw) and bytes(value) in _EMPTY)


class _Reader(Generic[S]):
    """Reads the members of one JSON object into a struct, and names the one that is missing or malformed."""

    def __init__(self, where: str, struct: type[S]) -> None:
        fields = msgspec.structs.fields(struct)
        self._where = where
        self._decode = msgspec.json.Decoder(struct).decode
        self._required = tuple(field.encode_name for field in fields if field.required)
        self.resources = tuple(field.encode_name for field in fields if field.type is Raw)

    def read(self, members: Members) -> S:
        for name in self._required:
            if _is_empty(members.get(name)):
                raise InvalidRequest(f"`{self._where}.{name}` is required")
        for name in self.resources:
            if not bytes(members[name]).startswith(b"{"):
                raise InvalidRequest(f"`{self._where}.{name}` must be an object")
        try:
            return self._decode(_ENCODER.encode(members))
        except msgspec.ValidationError as error:
            raise InvalidRequest(self._complaint(str(error))) from None

    def _complaint(self, message: str) -> str:
        expected, path = _EXPECTED.search(message), _PATH.search(message)
        kind = _KINDS.get(expected[1].split(" |")[0], "different") if expected else "different"
        return f"`{self._where}{path[1] if path else ''}` must be {kind}"


_CONTEXTS = {name: _Reader("context", hook.context) for name, hook in HOOKS.items()}
_AUTHORIZATION = _Reader("fhirAuthorization", Authorization)
_WITH_RESOURCES = {name for name, reader in _CONTEXTS.items() if reader.resources}
"""Hooks whose context holds resources."""
