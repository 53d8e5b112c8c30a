"""Resources that are decoded together with the request say what they say when each is read by itself (invariants 7, 8)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from cds.consult import Consultant, decode_request
from cds.errors import CdsError
from cds.hooks.requests import Decoder, Request, decode
from cds.settings import Settings
from tests.clock import NOW
from tests.ehr import request_body
from tests.fuzz.mutations import Asked, requests
from tests.records import records

CALM = settings(suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def consultant() -> Consultant:
    return Consultant.load(Settings())


def said(consultant: Consultant, request: Request) -> tuple[Any, ...]:
    """Everything that is read of `request`, and everything that is concluded."""
    case = consultant.judge(request, NOW)
    return case.reading, case.evaluation


def read(decoder: Decoder, consultant: Consultant, asked: Asked) -> tuple[Any, ...]:
    """What is read of a body, or why it is not; read twice it is the same, nothing is changed by reading."""
    service = next(each for each in consultant.services if each.id == asked.service)
    try:
        request = decoder(asked.body, service.served)
    except CdsError as error:
        return type(error), str(error)
    first = said(consultant, request)
    assert said(consultant, request) == first
    members = (request.hook, request.instance, request.context, request.fhir_server, request.authorization)
    return *members, tuple(request.prefetch), *first


@pytest.mark.slow
@settings(CALM, max_examples=300)
@given(asked=requests())
def test_one_pass_reads_what_two_do(consultant: Consultant, asked: Asked) -> None:
    assert read(decode_request, consultant, asked) == read(decode, consultant, asked)


@pytest.mark.parametrize("source", records())
def test_an_ordinary_record_takes_one_pass(source: str, consultant: Consultant) -> None:
    body = request_body(records()[source], {"prefetch": consultant.reader.templates})
    request = decode_request(msgspec.json.encode(body))
    assert len(request.prefetch) == len(consultant.reader.templates)
    assert not any(isinstance(value, msgspec.Raw) for value in request.prefetch.values())
