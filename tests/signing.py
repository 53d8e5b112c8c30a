"""What a client of the service has: keys, a key set on a server of its own, and tokens. And what a forger has.

Tokens are put together by hand, so that they can be wrong in every way.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.clock import NOW

__all__ = [
    "AUDIENCE",
    "BASE",
    "ISSUER",
    "KeyServer",
    "authorization",
    "claims",
    "hmac_token",
    "jwk",
    "key_server",
    "private_key",
    "raw_token",
    "token",
]

ISSUER = "https://ehr.example.org/fhir"
BASE = "https://cds.example.org"
AUDIENCE = f"{BASE}/cds-services/soft-tissue-calcification"

Key = ECKey | RSAKey
_KIND = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def private_key(algorithm: str, owner: str = "client") -> Key:
    """A key for `algorithm`; each owner has one, and keeps it."""
    return _private_key(algorithm, owner)


@cache
def _private_key(algorithm: str, owner: str) -> Key:
    del owner
    return ECKey.generate_key(_KIND[algorithm]) if algorithm in _KIND else RSAKey.generate_key(2048)


def jwk(algorithm: str, owner: str = "client", **members: Any) -> dict[str, Any]:
    """The public half as a JSON Web Key; its `kid` is the algorithm unless `members` say otherwise."""
    return {**private_key(algorithm, owner).as_dict(private=False), "kid": algorithm, **members}


def claims(now: float = NOW.timestamp(), **changed: Any) -> dict[str, Any]:
    """Valid claims for `now`, apart from what is `changed`; None leaves a claim out."""
    valid = {"iss": ISSUER, "aud": AUDIENCE, "iat": int(now), "exp": int(now) + 300, "jti": str(uuid4())}
    return {name: value for name, value in {**valid, **changed}.items() if value is not None}


def token(
    payload: dict[str, Any] | None = None, algorithm: str = "ES384", key: Key | None = None, **header: Any
) -> str:
    """A signed token; `header` changes its header, None leaves a member out."""
    written = {"alg": algorithm, "kid": algorithm, "typ": "JWT", **header}
    first = json.dumps({name: value for name, value in written.items() if value is not None})
    return raw_token(first, json.dumps(payload or claims()), algorithm, key)


def raw_token(header: str, payload: str, algorithm: str = "ES384", key: Key | None = None) -> str:
    """A token of these very texts, truly signed with `algorithm`."""
    signed = f"{_encoded(header.encode())}.{_encoded(payload.encode())}"
    model = jws.JWSRegistry.algorithms[algorithm]
    return f"{signed}.{_encoded(model.sign(signed.encode(), key or private_key(algorithm)))}"


def hmac_token(secret: bytes, payload: dict[str, Any] | None = None, **header: Any) -> str:
    """A token signed with HS384 and `secret`."""
    written = json.dumps({"alg": "HS384", "kid": "ES384", "typ": "JWT", **header})
    signed = f"{_encoded(written.encode())}.{_encoded(json.dumps(payload or claims()).encode())}"
    return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), hashlib.sha384))}"


def authorization(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class KeyServer:
    """A key set at a URL of this machine. `body` is what it answers, `down` makes it fail, `asked` counts."""

    def __init__(self, keys: list[dict[str, Any]]) -> None:
        self.body = b""
        self.down = False
        self.redirect = ""
        self.asked = 0
        self.url = ""
        self.offer(keys)

    def offer(self, keys: list[dict[str, Any]]) -> None:
        """Answer with `keys` from now on."""
        self.body = json.dumps({"keys": keys}).encode()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        handler.send_response(503 if self.down else 302 if self.redirect else 200)
        if self.redirect:
            handler.send_header("Location", self.redirect)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)


@contextmanager
def key_server(*keys: dict[str, Any]) -> Iterator[KeyServer]:
    """A real server that runs as long as the context does."""
    state = KeyServer(list(keys))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}/jwks.json"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
