"""A real PostgreSQL in a folder of its own, on a free port, that can be stopped and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Postgresql", "missing", "postgresql"]


def _binaries() -> Path | None:
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))  # where Debian keeps them
    return versions[-1].parent if versions else None


def missing() -> str:
    """Why there can be no server here; "" where there can be one."""
    if _binaries() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.getuid() == 0 and _servant() is None:
        return "PostgreSQL does not run as root, and there is no other user to run it"
    return ""


def _servant() -> str | None:
    names = {each.pw_name for each in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


class Postgresql:
    """One server. `url` is its database for the service."""

    def __init__(self, folder: Path) -> None:
        self._user = _servant() if os.getuid() == 0 else None
        self._data = folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "cds", "-E", "UTF8", "-D", str(self._data))
        options = f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nmax_connections=60\n"
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(options)

    @property
    def url(self) -> str:
        return self.database("postgres")

    def database(self, name: str) -> str:
        return f"postgresql://cds@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        log = self._data.parent / "log"
        self._run("pg_ctl", "start", "--wait", "--silent", "-D", str(self._data), "-l", str(log))

    def stop(self) -> None:
        """At once, as when the machine fails."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "-m", "immediate", "-D", str(self._data))

    def create(self, name: str) -> str:
        """A new, empty database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "cds", name)
        return self.database(name)

    def _run(self, command: str, *arguments: str) -> None:
        binaries = _binaries()
        assert binaries is not None
        subprocess.run(
            [str(binaries / command), *arguments],
            user=self._user,
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """A running server; gone afterwards, with all its data."""
    folder = Path(tempfile.mkdtemp(prefix="cds-postgresql-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, _servant())
        server = Postgresql(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
