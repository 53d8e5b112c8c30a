"""Patients under another name: HMAC-SHA256 with a key that the site keeps.

The same patient of the same record system has the same pseudonym as long as the key is the same; without the key nobody
can tell who it is, nor try names.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from secrets import token_hex

from cds.errors import StateError

__all__ = ["Pseudonyms", "patient_key"]

_FILE = "patient.key"
_OWNER_ONLY = 0o600


class Pseudonyms:
    """Never printed: it holds the key."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def of(self, client: str, fhir_server: str, patient_id: str) -> str:
        """64 hexadecimal digits. Two record systems may use the same id for two people: they get two pseudonyms."""
        return self.digest(client, fhir_server.rstrip("/"), patient_id)

    def digest(self, *words: str) -> str:
        """What stands for `words` and cannot be guessed from outside."""
        keyed = self._keyed.copy()
        keyed.update("\x1f".join(map(_apart, words)).encode("utf-8", "replace"))
        return keyed.hexdigest()


def _apart(word: str) -> str:
    """`word` without the sign that stands between words: whatever is sent, other words are never the same."""
    return word.replace("\x1e", "\x1e0").replace("\x1f", "\x1e1")


def patient_key(given: str, folder: Path) -> bytes:
    """The key that was `given`, else the one in `folder`, made there the first time, readable by its owner only.

    Raises StateError when the file can be neither read nor made.
    """
    if given:
        return given.encode()
    file = folder / _FILE
    try:
        if not file.exists():
            _make(file)
        key = file.read_bytes().strip()
    except OSError as error:
        raise StateError(f"{_FILE} in the state folder cannot be used: {error.strerror}") from None
    if not key:
        raise StateError(f"{_FILE} in the state folder is empty")
    return key


def _make(file: Path) -> None:
    """Written aside and linked: of two processes that start together, one key wins, and it is whole."""
    aside = file.with_name(f"{_FILE}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(token_hex(32).encode())
            made.flush()
            os.fsync(made.fileno())
        try:
            os.link(aside, file)
        except FileExistsError:
            return
    finally:
        aside.unlink()
