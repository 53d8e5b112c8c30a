"""The bytes of a body become the members of the request and of the objects in it.

JSON lets a member stand twice and most readers silently take the last; two patients in one request must not pass like
that, so members are decoded under keys that never equal one another.

Where all of a body is as it should be, it is decoded in one pass over its bytes, resources included (`whole`). Where any
of it is not, or somebody else is to read a resource, resources stay JSON text (`texts`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from cds.errors import NotJson

__all__ = ["Members", "check_encoding", "once", "texts", "whole"]

Members = dict[str, Any]
"""A member is a string, a number, a boolean, null, or an array; or an object whose own members are not decoded yet, or
are all decoded."""


class _Name(str):
    """The name of a member, equal only to itself: of a member that stands twice, both stay."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


_Object = dict[_Name, Raw]
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PIECE = 16_384
_CONTINUING = frozenset(bytes([byte]) for byte in range(0x80, 0xC0))
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


def _decoder(shape: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(shape, dec_hook=lambda _, name: _Name(name)).decode


_TEXTS = _decoder(dict[_Name, str | int | float | bool | list[Raw] | _Object | None])


def texts(body: bytes) -> Members:
    """The members of the request, and of the objects in it as JSON text. Raises NotJson."""
    try:
        return once(_TEXTS(body), "the request")
    except msgspec.ValidationError:
        raise NotJson("the body must be a JSON object, its numbers within range") from None
    except msgspec.DecodeError:
        raise NotJson("the body must be JSON") from None
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None


def whole(resource: Any) -> Callable[[bytes], Members | None]:
    """A function that decodes a body and every object in it; `resource` is the type that msgspec makes of a resource.

    It returns None for whatever is not as it should be in the simplest way: `texts` knows more, and what is wrong. A
    prefetch value is a resource, a list of resources, or null.
    """
    value: Any = str | int | float | bool | list[resource | str] | resource | None
    decode = _decoder(dict[_Name, str | int | float | bool | dict[_Name, value] | None])

    def decoded(body: bytes) -> Members | None:
        try:
            members = once(decode(body), "the request")
        except _UNDECODABLE:
            return None
        prefetch = members.get("prefetch")
        if prefetch is None or (prefetch.__class__ is dict and all(map(_is_answer, prefetch.values()))):
            return members
        return None

    return decoded


def once(members: Mapping[_Name, Any], where: str) -> Members:
    """`members` under ordinary names. Raises NotJson: the name that stands twice is not told, it may be anything."""
    plain = dict(zip(map(str, members), members.values(), strict=True))
    if len(plain) != len(members):
        raise NotJson(f"a member of {where} stands twice")
    return plain


def check_encoding(body: bytes) -> None:
    """Raises NotJson for what is not UTF-8, also where no decoder would look."""
    if body.startswith(_BYTE_ORDER_MARKS):
        raise NotJson("the body must be UTF-8 without a byte-order mark")
    if not body.isascii() and not _is_utf8(body):
        raise NotJson("the body must be UTF-8")


def _is_answer(value: Any) -> bool:
    """Whether a prefetch value is nothing, a resource, or resources."""
    if value.__class__ is list:
        return all(isinstance(each, msgspec.Struct) for each in value)
    return value is None or isinstance(value, msgspec.Struct)


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
