"""The signature algorithms that a client may use, and the key that each needs (S2).

`none` and the HMACs are not in the table, so no configuration can allow them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

__all__ = ["NEEDS", "Algorithm", "KeyKind"]

Algorithm = Literal["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]


class KeyKind(NamedTuple):
    """What a JSON Web Key must be to serve an algorithm: `kty` and, of elliptic curves, `crv`."""

    type: str
    curve: str | None = None


_RSA = KeyKind("RSA")

NEEDS: Mapping[Algorithm, KeyKind] = {
    "ES256": KeyKind("EC", "P-256"),
    "ES384": KeyKind("EC", "P-384"),
    "ES512": KeyKind("EC", "P-521"),
    "PS256": _RSA,
    "PS384": _RSA,
    "PS512": _RSA,
    "RS256": _RSA,
    "RS384": _RSA,
    "RS512": _RSA,
}
