"""https as it is: a certificate is checked, and the site's own authority can be named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.encryption import certified
from tests.servers.records import Records
from tests.servers.sockets import http_server
from tests.stories.telling import demo_record

ASK = """
import asyncio, sys
from cds.fhir.fetching import Server, Wanted, fetch
from cds.fhir.server.budget import Limits
from cds.fhir.server.client import FhirClient
from cds.trust.outgoing import Base, networks

async def main(base, patient):
    client = FhirClient(Limits(seconds=20), networks(["127.0.0.1"]))
    want = Wanted({"conditions": "Condition?patient={{context.patientId}}"}, {})
    async with client.connections:
        found = await fetch(want, Server(base, "t"), patient, [Base.parse(base)], client)
    print(found.outcomes["conditions"])

asyncio.run(main(*sys.argv[1:]))
"""
"""In a process of its own: the authorities are read once, when it starts."""


@pytest.mark.slow
@pytest.mark.parametrize(("vouched", "outcome"), [(True, "complete"), (False, "encryption")])
def test_a_certificate_is_checked(tmp_path: Path, vouched: bool, outcome: str) -> None:
    record = demo_record("metastatic-dialysis")
    context, authority = certified(tmp_path)
    environment = {**os.environ, **({"SSL_CERT_FILE": str(authority)} if vouched else {})}
    with http_server(Records(record), encryption=context) as server:
        asking = [sys.executable, "-W", "error", "-c", ASK, server.base, record.patient_id]
        told = subprocess.run(asking, env=environment, capture_output=True, check=True, text=True)
        assert len(server.asked_for_data) == vouched
    assert told.stdout.strip() == outcome
