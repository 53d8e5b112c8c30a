"""The same demonstration patient, whether the data are sent, fetched, or half of each: the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from cds.settings import Settings
from tests.ehr import EVALUATION
from tests.servers.records import Records
from tests.servers.sockets import HttpServer, http_server
from tests.serving import serving
from tests.stories.telling import HERE, answers, demo_record, demos, read

pytestmark = pytest.mark.slow

SHARES = {"nothing is sent": 0, "every other key is sent": 2, "every third key is missing": 3}


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[httpx.Client, dict[str, HttpServer]]]:
    """A service, and a FHIR server for each demonstration patient."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(http_server(Records(demo_record(name), page=2))) for name in demos()}
        settings = Settings(
            fhir_servers=tuple(each.base for each in servers.values()),
            private_addresses=("127.0.0.1",),
            fetch_deadline=20_000,
            fetch_pages=100,
        )
        yield stack.enter_context(serving(settings)), servers


@pytest.mark.clause("R5")
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", demos())
def test_the_same_cards_whoever_brings_the_data(
    name: str, share: str, places: tuple[httpx.Client, dict[str, HttpServer]]
) -> None:
    service, servers = places
    request = read(HERE / name / "request.json")
    sent = answers(service, request, "en")
    every = SHARES[share]
    kept = {key: each for place, (key, each) in enumerate(request["prefetch"].items()) if every and place % every}
    part = {**request, "prefetch": kept, "fhirServer": servers[name].base}
    fetched = answers(service, part, "en")
    for answer in fetched.values():
        spent = answer["extension"][EVALUATION].pop("fetch")
        assert set(spent["outcomes"]) == set(answer["extension"][EVALUATION]["prefetch"]) - set(kept)
    assert fetched == sent
