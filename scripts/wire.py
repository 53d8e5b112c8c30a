"""Writes docs/openapi.json and docs/discovery.json (`python -m scripts.wire`): a change on the wire is a visible diff."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from cds.app import create_app
from cds.consult import Consultant
from cds.hooks.services import discovery
from cds.settings import Settings

__all__ = ["pinned", "text"]

_DOCS = Path(__file__).parents[1] / "docs"
_CLIENTS = "clients: [{name: any, iss: https://ehr.example, jku: https://ehr.example/jwks.json}]"


def pinned() -> dict[Path, Any]:
    """What is pinned, by file. Of a service in production, which asks callers who they are."""
    with TemporaryDirectory() as state:
        clients = Path(state) / "clients.yaml"
        clients.write_text(_CLIENTS, encoding="utf-8")
        app = create_app(Settings(state_folder=Path(state), clients=clients))
    return {
        _DOCS / "openapi.json": app.openapi(),
        _DOCS / "discovery.json": msgspec.to_builtins(discovery(Consultant.load(Settings()).services)),
    }


def text(document: Any) -> str:
    """A document as it stands in its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for file, document in pinned().items():
        file.write_text(text(document), encoding="utf-8")


if __name__ == "__main__":
    main()
