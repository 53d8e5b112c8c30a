"""What `cds clients check` says: the file of clients as the service would read it, and whether their keys can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from cds.errors import ClientsError
from cds.trust.outgoing import Network
from cds.trust.register import Register

__all__ = ["check"]


def check(file: Path, services: Iterable[str], private: Iterable[Network]) -> str:
    """What is right, in a line. Raises ClientsError with everything that is wrong."""
    register = Register(file, services, private)
    lacking = asyncio.run(register.without_keys())
    if lacking:
        raise ClientsError(
            "\n".join(f"{file}: the keys of client {name} cannot be read, or none fits" for name in lacking)
        )
    names = register.names
    return f"{file}: {len(names)} client{'s' if len(names) > 1 else ''} with keys: {', '.join(names)}"
