"""No exception outside the error tree, no 5xx, no hang, and an answer that can be sent, whatever is asked."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from cds.consult import Consultant
from cds.settings import Settings
from tests.fuzz.mutations import Asked, requests
from tests.fuzz.oracle import check, check_over_http

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))
CALM = settings(suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def consultant() -> Consultant:
    return Consultant.load(Settings())


@pytest.mark.slow
@settings(CALM, max_examples=300)
@given(asked=requests())
def test_whatever_is_asked_is_answered_or_refused(consultant: Consultant, asked: Asked) -> None:
    check(consultant, asked)


@pytest.mark.slow
@pytest.mark.clause("R8")
@settings(CALM, max_examples=60)
@given(asked=requests())
def test_nothing_that_is_posted_is_a_5xx(service: httpx.Client, asked: Asked) -> None:
    check_over_http(service, asked)


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_what_was_found_once_stays_mended(file: Path, consultant: Consultant, service: httpx.Client) -> None:
    name, language, _ = file.stem.rsplit("-", 2)
    asked = Asked(name, file.read_bytes(), language)
    check(consultant, asked)
    check_over_http(service, asked)
