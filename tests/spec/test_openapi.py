"""Whatever the OpenAPI document describes is answered as it says; whatever it does not describe is refused (R8)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from cds.app import create_app
from cds.errors import PreconditionFailed
from cds.settings import Settings
from tests.clock import NOW

_SLOW_START = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@cache
def _document() -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings(), clock=lambda: NOW))


schema = schemathesis.pytest.from_fixture("document")


@pytest.fixture
def document() -> Any:
    return _document()


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=200, deadline=None, suppress_health_check=_SLOW_START)
def test_the_wire_is_as_described(case: Any) -> None:
    reply = case.call()
    if reply.status_code != PreconditionFailed.status:  # a missing patient; schemathesis does not count it as a refusal
        case.validate_response(reply)
