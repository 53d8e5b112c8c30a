"""The programs of others that the tests speak to. Each is skipped with the reason where its runtime is missing.

Where `CDS_REQUIRE_PEERS` is set, as in CI, a test that cannot run fails instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.cached import cached

__all__ = ["PeerError", "healthchain", "medplum", "program", "require", "run"]

_HERE = Path(__file__).parent
_TOP = _HERE.parents[1]


class PeerError(Exception):
    """A program of others is not here, cannot be brought, or fails."""


def program(*names: str) -> str:
    """The first of the programs `names` that is installed. Raises PeerError."""
    folders = os.pathsep.join((os.environ.get("PATH", ""), str(_TOP / ".tools" / "bin")))
    found = next(filter(None, (shutil.which(name, path=folders) for name in names)), None)
    if found is None:
        raise PeerError(f"{' or '.join(names)} is not installed")
    return found


def run(command: Sequence[str], folder: Path = _TOP, environment: Mapping[str, str] | None = None) -> str:
    """The standard output of `command`, with `environment` beside that of the tests. Raises PeerError with its last words
    when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise PeerError(f"{Path(command[0]).name} fails: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


@contextmanager
def require() -> Iterator[None]:
    """What cannot be brought within this context skips the test, or fails it where the peers are required."""
    try:
        yield
    except PeerError as error:
        if os.environ.get("CDS_REQUIRE_PEERS"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def healthchain() -> Path:
    """The Python of an environment that has the healthchain package. Raises PeerError."""
    requirements = _HERE / "healthchain" / "requirements.txt"

    def make(folder: Path) -> None:
        uv, python = program("uv"), str(folder / "bin" / "python")
        run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)])
        run([uv, "pip", "install", "--quiet", "--python", python, "--requirement", str(requirements)])

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cached(f"healthchain-python{version}", [requirements], make) / "bin" / "python"


def medplum() -> Path:
    """A folder with the `@medplum/core` package and the script that drives it. Raises PeerError."""
    own = [_HERE / "medplum" / name for name in ("package.json", "package-lock.json", "consult.mjs")]

    def make(folder: Path) -> None:
        npm = program("npm")
        for file in own:
            shutil.copy(file, folder)
        run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], folder)

    return cached("medplum", own, make)
