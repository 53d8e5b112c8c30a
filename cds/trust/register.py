"""The clients in force: their file, and files with their keys, are read again when they change, without a restart.

Looking whether it changed is one `stat`, at most once a second and only when somebody calls: it needs no signal, works
for every worker, and with files that are replaced as a whole, as secrets and configurations in containers are.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from cds.errors import ClientsError
from cds.hooks.calls import Caller
from cds.trust.accounts import Accounts
from cds.trust.clients import Client, read_clients
from cds.trust.keyring import Keyring
from cds.trust.limits import Limit
from cds.trust.outgoing import Network
from cds.trust.sources import source_of

__all__ = ["Known", "Register"]

Place = tuple[str, str]
"""`iss` and `tenant`."""

_EVERY = 1.0
_LOG = logging.getLogger(__name__)


class Known(NamedTuple):
    """A client in force, with what is kept of it between calls."""

    client: Client
    caller: Caller
    keys: Keyring
    limit: Limit


class Register:
    """Who may call."""

    def __init__(
        self,
        file: Path,
        services: Iterable[str],
        private: Iterable[Network] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`services` are the ids that a client may be given, `private` addresses at which key servers may be.

        Raises ClientsError with everything that is wrong with `file`.
        """
        self._file = file
        self._services = tuple(services)
        self._private = tuple(private)
        self._monotonic = monotonic
        self._accounts = Accounts()
        self._looked_at = monotonic()
        self._state = _state(file)
        self._known = self._in_force(read_clients(file, self._services), {})
        self._key_files = self._states_of_keys()

    def find(self, issuer: str, tenant: str) -> Known | None:
        """The client of `issuer`: that of this tenant, else the one without a tenant."""
        if self._monotonic() - self._looked_at >= _EVERY:
            self._looked_at = self._monotonic()
            self._look()
            self._look_at_keys()
        return self._known.get((issuer, tenant)) or self._known.get((issuer, ""))

    @property
    def names(self) -> tuple[str, ...]:
        """Every client, as the file orders them."""
        return tuple(each.client.name for each in self._known.values())

    async def without_keys(self, patience: float | None = None) -> tuple[str, ...]:
        """Names of the clients of whom no key could be read yet: they cannot call.

        All sources are asked at once; what takes longer than `patience` seconds was not read yet.
        """
        known = tuple(self._known.values())
        asked = [asyncio.ensure_future(each.keys.has_keys()) for each in known]
        await asyncio.wait(asked, timeout=patience)
        late = [each for each in asked if not each.done()]
        for each in late:
            each.cancel()
        return tuple(
            each.client.name for each, has in zip(known, asked, strict=True) if has in late or not has.result()
        )

    def _look(self) -> None:
        """A file that is wrong changes nothing: a mistake while editing must not lock everybody out."""
        state = _state(self._file)
        if state == self._state:
            return
        self._state = state
        try:
            clients = read_clients(self._file, self._services)
        except ClientsError as error:
            _LOG.error("the clients stay as they were: %s", "; ".join(str(error).splitlines()))
            return
        self._known = self._in_force(clients, self._known)
        _LOG.warning("the clients were read again: %d", len(clients))

    def _look_at_keys(self) -> None:
        before, self._key_files = self._key_files, self._states_of_keys()
        for place, state in self._key_files.items():
            if before.get(place, state) != state:
                self._known[place].keys.outdate()

    def _states_of_keys(self) -> Mapping[Place, tuple[int, ...]]:
        """Of the clients whose keys stand in a file."""
        files = {place: known.client.jwks_file for place, known in self._known.items()}
        return {place: _state(file) for place, file in files.items() if file is not None}

    def _in_force(self, clients: Iterable[Client], before: Mapping[Place, Known]) -> Mapping[Place, Known]:
        """A client that did not change keeps its keys and what it has used of its limit."""
        known = {}
        for client in clients:
            place = (client.iss, client.tenant)
            old = before.get(place)
            known[place] = old if old is not None and old.client == client else self._new(client)
        return known

    def _new(self, client: Client) -> Known:
        return Known(
            client,
            client.caller,
            Keyring(client.name, source_of(client, self._private), client.algorithms),
            Limit(
                client.requests_per_second,
                client.concurrent_requests,
                account=self._accounts.of(client.iss, client.tenant),
            ),
        )


def _state(file: Path) -> tuple[int, ...]:
    """Changes with the content of the file; () when there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
