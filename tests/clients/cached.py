"""What is built once and kept between runs: under $XDG_CACHE_HOME/calcification-cds, never inside the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["cached"]


def cached(name: str, made_from: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """A folder that `make` has filled, once for each content of the files `made_from`, whoever asks at the same time."""
    content = hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(made_from))).hexdigest()
    folder = _root() / f"{name}-{content[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder / ".complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            complete.touch()
    return folder


def _root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "calcification-cds"
