"""Puts patients on a FHIR server, one transaction each: what `cds demo load` does for a sandbox, and the tests for themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count

from aiohttp import ClientError, ClientSession, ClientTimeout

from cds.errors import OK, InputError

__all__ = ["load"]

_FHIR_JSON = "application/fhir+json"
_TRANSACTION_SECONDS = 120
_PAUSE = 0.5


async def load(server: str, transactions: Mapping[str, bytes], patience: float = 0) -> None:
    """Send each transaction Bundle of `transactions`, by name, to the FHIR base `server`.

    The server gets `patience` seconds to come up first. Raises InputError when it does not answer, or refuses a Bundle.
    """
    timeout = ClientTimeout(total=_TRANSACTION_SECONDS)
    headers = {"Accept": _FHIR_JSON, "Content-Type": _FHIR_JSON}
    async with ClientSession(timeout=timeout, headers=headers) as session:
        await _up(session, server, patience)
        for name, transaction in transactions.items():
            await _send(session, server, name, transaction)


async def _up(session: ClientSession, server: str, patience: float) -> None:
    """Returns when the server has shown its capabilities, after a last look when the patience is over."""
    last_look = int(patience / _PAUSE)
    for look in count():
        try:
            async with session.get(f"{server}/metadata") as answer:
                if answer.status == OK:
                    return
        except (ClientError, TimeoutError):
            pass  # not up yet: the same as any other answer
        if look >= last_look:
            raise InputError("the FHIR server does not answer GET /metadata")
        await asyncio.sleep(_PAUSE)


async def _send(session: ClientSession, server: str, name: str, transaction: bytes) -> None:
    try:
        async with session.post(server, data=transaction) as answer:
            status = answer.status
    except (ClientError, TimeoutError):
        raise InputError(f"the FHIR server does not answer the transaction of {name}") from None
    if status != OK:
        raise InputError(f"the FHIR server refuses the transaction of {name} with status {status}")
