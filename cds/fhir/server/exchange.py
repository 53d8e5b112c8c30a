"""One HTTP exchange with a FHIR server: what goes out, and the body that comes back, or why none does."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from aiohttp import ClientConnectorError, ClientError, ClientResponse, ClientSession, ClientSSLError
from yarl import URL

from cds.fhir.server.budget import Budget
from cds.fhir.server.failures import NoAnswer, Reason
from cds.trust.outgoing import AddressRefused

__all__ = ["Bearer", "exchange"]

_OK: Final = 200
_METHOD_REFUSED: Final = frozenset((405, 414, 431, 501))
"""GET is not taken, or not with a URL this long."""
_REASONS: Final = {
    401: Reason.UNAUTHORISED,
    403: Reason.UNAUTHORISED,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    429: Reason.OVERLOADED,
    503: Reason.OVERLOADED,
    **dict.fromkeys(_METHOD_REFUSED, Reason.METHOD_REFUSED),
}
_GZIP: Final = 31
"""zlib's number for a gzip header and the largest window."""


class Bearer:
    """A token, and the one place where it becomes a header. Never printed."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        """Raises ValueError, which does not repeat `token`, when no header can hold it."""
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("a token is printable ASCII without blanks")
        self._token = token

    def __repr__(self) -> str:
        return "<Bearer>"

    @property
    def header(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}


async def exchange(
    session: ClientSession, url: str, bearer: Bearer, budget: Budget, *, form: str | None = None
) -> bytes:
    """The decompressed body of a 200; GET, or POST with `form` (encoded). No redirect is followed. Raises NoAnswer."""
    headers = dict(bearer.header)
    body = None
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = form.encode("ascii")
    budget.queries += 1
    try:
        async with session.request(
            "GET" if form is None else "POST",
            URL(url, encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
        ) as answer:
            try:
                _judge(answer)
                return await _body(answer, budget)
            except BaseException:
                answer.close()  # nobody reads the rest: the connection is of no further use
                raise
    except ClientSSLError:
        raise NoAnswer(Reason.ENCRYPTION) from None
    except ClientConnectorError as error:
        if isinstance(error.os_error, AddressRefused):
            raise NoAnswer(Reason.ADDRESS_REFUSED) from None
        raise NoAnswer(Reason.UNREACHABLE, again=True) from None
    except (ClientError, OSError, asyncio.IncompleteReadError):
        raise NoAnswer(Reason.INTERRUPTED) from None


def _judge(answer: ClientResponse) -> None:
    """Raises NoAnswer for every status but 200: what else is no error is no answer to a question either."""
    status = answer.status
    if status == _OK:
        return
    reason = _REASONS.get(status)
    if reason is None:
        groups = {3: Reason.REDIRECT, 4: Reason.REFUSED, 5: Reason.SERVER_ERROR}
        reason = groups.get(status // 100, Reason.NOT_FHIR)
    again = reason is Reason.OVERLOADED
    raise NoAnswer(reason, again=again, after=_after(answer.headers) if again else None)


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again. A date is compared with the server's own clock."""
    written = headers.get("Retry-After", "").strip()
    if not written:
        return None
    if written.isdecimal() and written.isascii():
        return float(written[:9])
    try:
        later, now = (parsedate_to_datetime(each) for each in (written, headers.get("Date", "")))
        return max(0.0, (later - now).total_seconds())
    except (TypeError, ValueError):
        return float("inf")  # a time that we cannot tell


async def _body(answer: ClientResponse, budget: Budget) -> bytes:
    """Piece by piece, so that neither a large answer nor one that grows when unpacked fills the memory."""
    room = budget.room
    if (answer.content_length or 0) > room:
        raise NoAnswer(Reason.TOO_LARGE)
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise NoAnswer(Reason.NOT_FHIR)
    unpacker = zlib.decompressobj(_GZIP) if "gzip" in encoding else None
    body = bytearray()
    async for piece in answer.content.iter_any():
        plain = piece if unpacker is None else _unpacked(unpacker, piece, room + 1 - len(body))
        budget.take(len(plain))
        body += plain
        if len(body) > room:
            raise NoAnswer(Reason.TOO_LARGE)
    if unpacker is not None and not unpacker.eof:
        raise NoAnswer(Reason.INTERRUPTED)
    return bytes(body)


def _unpacked(unpacker: Any, piece: bytes, most: int) -> bytes:
    """What `piece` of gzip becomes, but no more than `most` bytes."""
    try:
        unpacked: bytes = unpacker.decompress(piece, most)
    except zlib.error:
        raise NoAnswer(Reason.NOT_FHIR) from None
    return unpacked
