"""A client's token: its shape and its claims (S1, S4, S5). Pure: no key, no file, no network; the time is given.

Whatever is wrong is `Unauthorized` with a short reason for the log, which repeats nothing of the token.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from cds.errors import Unauthorized

__all__ = ["LEEWAY", "LONGEST", "Token", "bearer", "check_audience", "check_times", "parse"]

LONGEST = 8192
"""Characters of the longest token that is looked at."""

LEEWAY = 30
"""Seconds by which the clocks of client and service may differ."""

_SCHEME = b"Bearer "
_SEGMENTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_NAME = 2048
_FAR = 2.0**53
"""Whole numbers are exact below it; no date lies beyond."""


class Token(NamedTuple):
    """A token that has the right shape. Nothing in it is verified. Never printed: whoever holds it is the client."""

    text: str
    algorithm: str
    key_id: str
    key_url: str
    """`jku`; "" when the header has none."""
    issuer: str
    tenant: str
    """"" when there is none."""
    audience: tuple[str, ...]
    expires: float
    """Seconds since 1970, like the other two."""
    issued: float
    not_before: float
    id: str

    def __repr__(self) -> str:
        return "<Token>"

    @property
    def fingerprint(self) -> bytes:
        """32 bytes by which this token is remembered once it was used: `jti` is unique for its issuer only."""
        return sha256(f"{len(self.issuer)} {self.issuer} {self.id}".encode()).digest()


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of the one `Authorization` header. Raises Unauthorized."""
    found = [value for name, value in headers if name == b"authorization"]
    if not found:
        raise Unauthorized("no-token")
    if len(found) > 1:
        raise Unauthorized("two-tokens")
    if not found[0].startswith(_SCHEME):
        raise Unauthorized("no-bearer")
    if len(found[0]) > LONGEST + len(_SCHEME):
        raise Unauthorized("too-long")
    return found[0][len(_SCHEME) :].decode("latin-1")


def parse(text: str) -> Token:
    """A compact JWS of two JSON objects with every required member (S1). Raises Unauthorized."""
    segments = _SEGMENTS.fullmatch(text)
    if segments is None or len(text) > LONGEST:
        raise Unauthorized("malformed")
    header, claims = _object(segments[1]), _object(segments[2])
    if _text(header, "typ").upper() != "JWT":
        raise Unauthorized("type")
    if "crit" in header or "b64" in header:  # RFC 7515, 4.1.11: what is not understood must not be passed over
        raise Unauthorized("critical")
    return Token(
        text=text,
        algorithm=_text(header, "alg"),
        key_id=_text(header, "kid"),
        key_url=_text(header, "jku", required=False),
        issuer=_text(claims, "iss"),
        tenant=_text(claims, "tenant", required=False),
        audience=_audience(claims),
        expires=_seconds(claims, "exp"),
        issued=_seconds(claims, "iat"),
        not_before=_seconds(claims, "nbf") if "nbf" in claims else 0.0,
        id=_text(claims, "jti"),
    )


def check_audience(token: Token, endpoints: Collection[str]) -> None:
    """One audience is one of `endpoints`, character by character (S4). Raises Unauthorized."""
    if not any(each in endpoints for each in token.audience):
        raise Unauthorized("audience")


def check_times(token: Token, now: float, lifetime: float) -> None:
    """Valid at `now`, and for `lifetime` seconds at most (S5). Raises Unauthorized."""
    if token.expires + LEEWAY <= now:
        raise Unauthorized("expired")
    if max(token.issued, token.not_before) - LEEWAY > now:
        raise Unauthorized("not-yet-valid")
    if not 0 < token.expires - token.issued <= lifetime:
        raise Unauthorized("lifetime")


def _object(segment: str) -> dict[str, Any]:
    """The JSON object of a segment, every member of it, and of what it holds, once."""
    try:
        text = urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode("utf-8")
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Unauthorized("malformed") from None
    if not isinstance(value, dict):
        raise Unauthorized("malformed")
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unauthorized("member-twice")
    return members


def _refuse(_: str) -> None:
    raise ValueError("NaN and the infinities are not JSON")


def _text(members: dict[str, Any], name: str, *, required: bool = True) -> str:
    value = members.get(name, "")
    if not isinstance(value, str) or not _is_plain(value) or (required and not value):
        raise Unauthorized(f"member-{name}")
    return value


def _is_plain(value: str) -> bool:
    """Of a sane length, and without half a character, which JSON can write and nothing can encode."""
    return len(value) <= _LONGEST_NAME and (value.isascii() or _HALF.search(value) is None)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse)


def _audience(claims: dict[str, Any]) -> tuple[str, ...]:
    value = claims.get("aud")
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each for each in several):
        raise Unauthorized("member-aud")
    return tuple(several)


def _seconds(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _FAR:
        raise Unauthorized(f"member-{name}")
    return float(value)
