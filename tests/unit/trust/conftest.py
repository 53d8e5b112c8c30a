"""Tests of asynchronous parts run on asyncio, as the service does."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
