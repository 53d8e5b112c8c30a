"""JSON Web Key Sets (RFC 7517): which key verifies a token, and whether it does.

A key is found by `kid` *and* algorithm, and stands there only if its type and curve are those that the algorithm needs:
an RSA key cannot verify an ES384 token, nor a key of P-256, nor any key an HMAC (RFC 8725, 3.1). What the header of a
token says about keys (`jwk`, `x5c`, `x5u`) is never read.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds.trust.algorithms import NEEDS, Algorithm, KeyKind

__all__ = ["Keys", "NotKeys", "PublicKey", "read_keys", "verifies"]

PublicKey = ECKey | RSAKey
Keys = Mapping[tuple[str, str], PublicKey]
"""By `kid` and algorithm."""

_IMPORTS: Mapping[str, type[ECKey] | type[RSAKey]] = {"EC": ECKey, "RSA": RSAKey}
_PUBLIC = ("kty", "crv", "x", "y", "n", "e")
_RSA_BITS = range(2048, 8193)
_MOST_KEYS = 100


class _Registry(jws.JWSRegistry):
    """Takes headers of any length and name: the shape of a token is checked before."""

    max_header_length = max_payload_length = 1 << 20


_REGISTRIES: Mapping[str, jws.JWSRegistry] = {
    each: _Registry(algorithms=[each], strict_check_header=False) for each in NEEDS
}


class NotKeys(Exception):  # noqa: N818 - it is what was found
    """What was read is not a JSON Web Key Set, or holds no key that could be used."""


def read_keys(document: object, algorithms: Iterable[Algorithm], *, own: bool = False) -> Keys:
    """The keys in `document` that serve one of `algorithms`; others are passed over, as RFC 7517 (5) asks.

    `own`: of a set that the site wrote itself, a private key is a mistake. Raises NotKeys.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise NotKeys("not a JSON Web Key Set, an object with a list `keys`")
    if own and any(isinstance(each, dict) and ("d" in each or "k" in each) for each in listed):
        raise NotKeys(
            "a secret key stands here; give the public one only, and replace this one: it is no secret any more"
        )
    found: dict[tuple[str, str], PublicKey] = {}
    for each in listed:
        if isinstance(each, dict):
            for algorithm in algorithms:
                _add(found, each, algorithm)
    if not found:
        raise NotKeys("no key in it has a `kid` and serves one of the algorithms")
    return found


def verifies(key: PublicKey, text: str, algorithm: str) -> bool:
    """Whether the signature of the compact JWS `text` was made with the private half of `key`. Costs up to 0.6 ms."""
    try:
        jws.deserialize_compact(text, key, registry=_REGISTRIES[algorithm])
    except (JoseError, ValueError, RecursionError):
        return False
    return True


def _add(found: dict[tuple[str, str], PublicKey], written: dict[str, Any], algorithm: Algorithm) -> None:
    identifier = written.get("kid")
    if not isinstance(identifier, str) or not _serves(written, algorithm, NEEDS[algorithm]):
        return
    try:
        if written["kty"] == "RSA" and _bits(written["n"]) not in _RSA_BITS:
            return
        key = _IMPORTS[written["kty"]].import_key({name: written[name] for name in _PUBLIC if name in written})
    except (JoseError, ValueError, TypeError, KeyError):
        return
    found.setdefault((identifier, algorithm), key)


def _bits(number: str) -> int:
    return int.from_bytes(urlsafe_b64decode(number + "==")).bit_length()


def _serves(written: dict[str, Any], algorithm: Algorithm, kind: KeyKind) -> bool:
    operations = written.get("key_ops")
    return (
        written.get("kty") == kind.type
        and written.get("crv") == kind.curve
        and written.get("alg", algorithm) == algorithm
        and written.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
    )
