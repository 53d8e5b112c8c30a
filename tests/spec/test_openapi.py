"""Whatever the OpenAPI document describes is answered as it says; whatever it does not describe is refused (R8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from cds.errors import PreconditionFailed

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"

schema = schemathesis.openapi.from_path(DOCUMENT)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_wire_is_as_described(case: Any, service: httpx.Client) -> None:
    reply = case.call(base_url=str(service.base_url))
    if reply.status_code != PreconditionFailed.status:  # a missing patient; schemathesis does not count it as a refusal
        case.validate_response(reply)
