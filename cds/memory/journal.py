"""What was said, on the disk of this machine, before any database hears of it.

One append-only file per process. Each record stands in a frame: two marks, its length, a CRC-32, its bytes. A process that
is killed leaves at most one torn frame at the end, which a reader passes over. A lock tells whose file is still being
written: it goes with the process, however that ends.

Written just before the answer leaves: a killed process loses nothing that was sent, the system has it.
A machine that loses power may lose what was written since the last flush (`Journal.flush`).
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import struct
import uuid
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["SUFFIX", "Frames", "Journal", "frames", "orphans"]

SUFFIX = ".journal"

_MARKS = b"\xca\x1c"
_HEAD = struct.Struct(">2sII")
_WAITING = 10_000
"""Records that are kept in memory while the disk takes none."""
_OWNER_ONLY = 0o600
_LOG = logging.getLogger(__name__)


class Frames(NamedTuple):
    """Records read from a file, where the next one begins, and how many bytes were no record."""

    records: list[bytes]
    end: int
    damaged: int


class Journal:
    """The file of this process. Opened after the process was forked, and by its own event loop only."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when no file can be made in `folder`."""
        self._folder = folder
        self._waiting: deque[bytes] = deque()
        self._dirty = False
        self.lost = 0
        """Records that could not be written, nor kept until they could."""
        self._open()

    @property
    def size(self) -> int:
        """Bytes of whole records in the file."""
        return self._size

    @property
    def waiting(self) -> int:
        """Records that the disk did not take yet."""
        return len(self._waiting)

    def append(self, record: bytes) -> None:
        """Write `record` down. Never raises: a disk that is full is logged and counted, and tried again."""
        if self._waiting:
            self._keep(record)
            self.retry()
        elif not self._write(record):
            self._keep(record)

    def retry(self) -> None:
        """Write what had to wait, in its order, as far as the disk takes it."""
        while self._waiting and self._write(self._waiting[0]):
            self._waiting.popleft()

    async def flush(self) -> None:
        """Have everything that was written on the disk itself, and what had to wait written. Raises OSError."""
        self.retry()
        if self._dirty:
            self._dirty = False
            descriptor = os.dup(self._descriptor)  # the file may be renewed meanwhile
            try:
                await asyncio.to_thread(os.fdatasync, descriptor)
            finally:
                os.close(descriptor)

    def read(self, start: int, most: int) -> Frames:
        """Up to `most` bytes of whole records from `start` on; at least one record, where there is one."""
        return frames(self._descriptor, start, self._size, most)

    def renew(self) -> None:
        """Begin a new file and remove the old one, of which everything was taken. Raises OSError: then it goes on."""
        old, descriptor = self.path, self._descriptor
        self._open()
        old.unlink(missing_ok=True)
        os.close(descriptor)

    def close(self, *, taken: bool = False) -> None:
        """Flush and close. The file stays, unless it is empty or everything in it was `taken`."""
        self.retry()
        if self._waiting:
            _LOG.error("the journal could not be written: %d records are lost", len(self._waiting))
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            _LOG.error("the journal could not be flushed: %s", error.strerror)
        if not self._size or (taken and not self._waiting):
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _open(self) -> None:
        """A new file. Raises OSError, and then leaves everything as it was."""
        name = uuid.uuid4().hex
        opening, path = self._folder / f"{name}.opening", self._folder / f"{name}{SUFFIX}"
        descriptor = os.open(opening, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, _OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            opening.rename(path)  # under its name it was never without its lock: nobody takes it for left behind
        except OSError:
            os.close(descriptor)
            raise
        self.path, self._descriptor, self._size = path, descriptor, 0

    def _keep(self, record: bytes) -> None:
        if len(self._waiting) == _WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(record)

    def _write(self, record: bytes) -> bool:
        frame = _HEAD.pack(_MARKS, len(record), zlib.crc32(record)) + record
        try:
            written = os.write(self._descriptor, frame)
            if written == len(frame):
                self._size += written
                self._dirty = True
                return True
            os.ftruncate(self._descriptor, self._size)
            reason = "no room for a whole record"
        except OSError as error:
            reason = error.strerror or type(error).__name__
        if not self._waiting:  # once per trouble, not once per record
            _LOG.critical("the journal cannot be written, answers go on without being kept: %s", reason)
        return False


def orphans(folder: Path) -> Iterator[tuple[Path, int]]:
    """Files whose writer is gone, each locked for the caller as long as its descriptor is open; the caller closes it."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            yield path, descriptor


def frames(descriptor: int, start: int, size: int, most: int) -> Frames:
    """Up to `most` bytes of whole records between `start` and `size`, at least one, where there is one. Where bytes are
    no frame, it goes on at the next marks."""
    data = os.pread(descriptor, min(size - start, most), start)
    if len(data) >= _HEAD.size and data.startswith(_MARKS):
        first = _HEAD.size + _HEAD.unpack_from(data)[1]
        if len(data) < first <= size - start:
            data = os.pread(descriptor, first, start)
    records: list[bytes] = []
    place = damaged = 0
    complete = start + len(data) >= size
    while place < len(data):
        end, record = _frame(data, place)
        if record is not None:
            records.append(record)
            place = end
        elif place and end > len(data) and not complete:
            break  # cut by `most`, not by its writer
        else:
            following = data.find(_MARKS, place + 1)
            following = len(data) if following < 0 else following
            damaged += following - place
            place = following
    return Frames(records, start + place, damaged)


def _frame(data: bytes, place: int) -> tuple[int, bytes | None]:
    """Where the frame at `place` ends, and its record; None for one that is torn or was never one."""
    if place + _HEAD.size > len(data):
        return place + _HEAD.size, None
    marks, length, check = _HEAD.unpack_from(data, place)
    end = place + _HEAD.size + length
    if marks != _MARKS:
        return place, None
    record = data[place + _HEAD.size : end]
    return end, record if len(record) == length and zlib.crc32(record) == check else None
