"""What each client has used of its limits, in memory that the processes of a service share.

The memory is made before the service forks. A client has the same place in it in every process, also one that was added
later. Locks are those of the operating system: they go with the process that holds them, however that ends.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import sys
import tempfile
import weakref
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import NamedTuple

__all__ = ["Account", "Accounts", "Used"]

_CLIENTS = 4096
"""Places. Should there ever be more clients, some share a place."""
_KEY = 16
_NOBODY = bytes(_KEY)
_USED = Struct("=ddq")
_PLACE = _KEY + _USED.size


class Used(NamedTuple):
    """What a client has used."""

    spent: float
    """Calls that it has made, less those that were forgiven with time, by `at`."""
    at: float
    """Seconds, on the clock that all processes of a machine share."""
    running: int
    """Calls that are not answered yet."""


class Accounts:
    """The accounts of all clients, shared by all processes that are forked after they were made."""

    def __init__(self, clients: int = _CLIENTS) -> None:
        self._places = clients
        self._descriptor = _file(clients * _PLACE)
        self._memory = mmap.mmap(self._descriptor, clients * _PLACE)
        weakref.finalize(self, os.close, self._descriptor)

    def of(self, *client: str) -> Account:
        """That of `client`, whose names are its own."""
        key = sha256("\n".join(client).encode("utf-8", "surrogatepass")).digest()[:_KEY]
        first = int.from_bytes(key) % self._places
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            for number in range(self._places):
                place = (first + number) % self._places * _PLACE
                if self._memory[place : place + _KEY] in (key, _NOBODY):
                    self._memory[place : place + _KEY] = key
                    return Account(self, place + _KEY)
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        return Account(self, first * _PLACE + _KEY)


class Account:
    """That of one client. Entered, it is locked against other processes and says what is used."""

    def __init__(self, accounts: Accounts, place: int) -> None:
        self._accounts = accounts  # whose descriptor is open as long as they are
        self._descriptor = accounts._descriptor
        self._memory = accounts._memory
        self._place = place

    def __enter__(self) -> Used:
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, _USED.size, self._place)
        return Used(*_USED.unpack_from(self._memory, self._place))

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, _USED.size, self._place)

    def write(self, used: Used) -> None:
        """Within the lock."""
        _USED.pack_into(self._memory, self._place, *used)


def _file(size: int) -> int:
    """A file without a name, in memory where the system has such."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("accounts")
    else:
        descriptor, name = tempfile.mkstemp()
        Path(name).unlink()
    os.ftruncate(descriptor, size)
    return descriptor
