"""The body of a service call becomes a `Request` (R1, R2, R4), in one pass over its bytes.

Resources are not decoded here: a prefetch value stays JSON text until `cds.fhir` reads it. JSON lets a member stand
twice and most readers silently take the last; two patients in one request must not pass like that, so the members of
the request, of its context, prefetch and authorization are decoded under keys that never equal one another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Raw

from cds.errors import InvalidRequest, NotJson, PreconditionFailed, WrongHook
from cds.hooks.contexts import HOOKS, Context

__all__ = ["Authorization", "Request", "decode"]


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
    instance: UUID
    context: Context
    fhir_server: str = ""
    """"" when the client gave none."""
    authorization: Authorization | None = None
    prefetch: Mapping[str, Raw] = {}
    """JSON text of each value: a resource, a Bundle, an OperationOutcome, or null (R5)."""
    extension: Mapping[str, Raw] = {}

    def __repr__(self) -> str:
        return f"<Request {self.hook}>"


class _Name(str):
    """The name of a member, equal only to itself: of a member that stands twice, both stay."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


_Object = dict[_Name, Raw]
_BODY = msgspec.json.Decoder(
    dict[_Name, str | int | float | bool | list[Raw] | _Object | None], dec_hook=lambda _, name: _Name(name)
)
_ENCODER = msgspec.json.Encoder()
_EMPTY = (b"null", b'""')
_EXPECTED = re.compile(r"Expected `([^`]+)`")
_PATH = re.compile(r"at `\$([.\w\[\]]*)`")
_KINDS = {"str": "a string", "int": "an integer", "array": "an array"}
_PIECE = 16_384
_CONTINUING = frozenset(bytes([byte]) for byte in range(0x80, 0xC0))
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


def decode(body: bytes, served: Mapping[str, str] | None = None) -> Request:
    """The request in `body`. `served` are the hooks of the service that was called; None takes every known hook.

    Raises NotJson, InvalidRequest (naming the member), WrongHook (R3), PreconditionFailed (no patient identity, R7).
    """
    members = _members(body)
    hook = _hook(members, served or HOOKS)
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


def _members(body: bytes) -> dict[str, Any]:
    if body.startswith(_BYTE_ORDER_MARKS):
        raise NotJson("the body must be UTF-8 without a byte-order mark")
    if not body.isascii() and not _is_utf8(body):
        raise NotJson("the body must be UTF-8")
    try:
        return _once(_BODY.decode(body), "the request")
    except msgspec.ValidationError:
        raise NotJson("the body must be a JSON object, its numbers within range") from None
    except msgspec.DecodeError:
        raise NotJson("the body must be JSON") from None
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None


def _is_utf8(body: bytes) -> bool:
    """Piece by piece: most pieces are plain ASCII, which costs next to nothing, and no second body lies in memory."""
    start = 0
    while start < len(body):
        end = start + _PIECE
        # No character is cut in two: at most three bytes continue one.
        while body[end : end + 1] in _CONTINUING and end < start + _PIECE + 3:
            end += 1
        piece = body[start:end]
        if not piece.isascii():
            try:
                str(piece, "utf-8")
            except UnicodeDecodeError:
                return False
        start = end
    return True


def _once(members: Mapping[_Name, Any], where: str) -> dict[str, Any]:
    """`members` under ordinary names. The name that stands twice is not told: it may be anything."""
    plain = dict(zip(map(str, members), members.values(), strict=True))
    if len(plain) != len(members):
        raise NotJson(f"a member of {where} stands twice")
    return plain


def _text(members: Mapping[str, Any], name: str) -> str:
    """A string member; "" when it is absent, null or empty (R4)."""
    value = members.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"`{name}` must be a string")
    return value


def _object(members: Mapping[str, Any], name: str) -> dict[str, Raw] | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequest(f"`{name}` must be an object")
    return _once(value, f"`{name}`")


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


def _instance(members: Mapping[str, Any]) -> UUID:
    value = _text(members, "hookInstance")
    if not value:
        raise InvalidRequest("`hookInstance` is required")
    try:
        return UUID(value)
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


def _is_empty(value: Raw | None) -> bool:
    return value is None or bytes(value) in _EMPTY


class _Reader(Generic[S]):
    """Reads the members of one JSON object into a struct, and names the one that is missing or malformed."""

    def __init__(self, where: str, struct: type[S]) -> None:
        fields = msgspec.structs.fields(struct)
        self._where = where
        self._decode = msgspec.json.Decoder(struct).decode
        self._required = tuple(field.encode_name for field in fields if field.required)
        self._resources = tuple(field.encode_name for field in fields if field.type is Raw)

    def read(self, members: Mapping[str, Raw]) -> S:
        for name in self._required:
            if _is_empty(members.get(name)):
                raise InvalidRequest(f"`{self._where}.{name}` is required")
        for name in self._resources:
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
