"""Where rules/ and profiles/ are: inside the installed package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

__all__ = ["folder"]

_PACKAGE = Path(__file__).parent


def folder(name: Literal["rules", "profiles"]) -> Path:
    """The folder of knowledge that travels with the package (the wheel carries it as `cds/_data`).

    Raises FileNotFoundError when the installation lost it; nothing works then.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}/ is neither in the package nor beside it")
