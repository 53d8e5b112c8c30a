"""The application as `cds serve` runs it: its log in JSON lines, its figures shared by all its workers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fastapi import FastAPI

from cds.errors import StateError
from cds.operations import logs
from cds.settings import Settings

__all__ = ["start"]

_FIGURES = "metrics"


def start(settings: Settings) -> FastAPI:
    """Raises KnowledgeError, ClientsError, StateError."""
    logs.configure()
    if settings.workers > 1:
        _share_figures(settings.state_folder / _FIGURES)
    from cds.app import create_app  # it reads from the environment whether figures are shared

    return create_app(settings)


def _share_figures(folder: Path) -> None:
    """The workers keep their figures in files of this folder; those of the last run are gone."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir()
    except OSError as error:
        raise StateError(f"the state folder cannot be used: {error.strerror}") from None
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
