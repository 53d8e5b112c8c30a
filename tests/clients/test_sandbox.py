"""docs/sandbox.md and docker-compose.yml: what they say to run, runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from cds.demo import WRITTEN_FOR, demo_patients
from tests.clients.fhir_server import FhirServer
from tests.ehr import EVALUATION

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "sandbox.md").read_text(encoding="utf-8")
LOADS = yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["patients"]["command"]


def test_the_job_of_the_compose_file_loads_the_patients(fhir_server: FhirServer) -> None:
    command = [fhir_server.base if each == "http://hapi:8080/fhir" else each for each in LOADS]
    assert command != LOADS
    done = subprocess.run(
        [sys.executable, "-m", "cds", *command, "--at", str(WRITTEN_FOR)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in demo_patients())
    assert f"cds {' '.join(LOADS[:3])} http://127.0.0.1:8081/fhir" in PAGE


def test_the_request_of_the_page_is_answered_with_fetched_data(fetching: httpx.Client, fhir_server: FhirServer) -> None:
    written = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    (url,) = re.findall(r"request\.json http://127\.0\.0\.1:8080(/\S+)", PAGE)
    request = json.loads(written[0].replace("http://127.0.0.1:8081/fhir", fhir_server.base))
    answer = fetching.post(url, json=request).json()
    assert "C-CLASS-MET" in {card["source"]["topic"]["code"] for card in answer["cards"]}
    fetched = answer["extension"][EVALUATION]["fetch"]
    assert set(fetched["outcomes"].values()) == {"complete"}
    assert fetched["spentMs"] > 0
