"""`cds valuesets`, as it is typed, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds.consult import Consultant
from cds.errors import KnowledgeError
from cds.fhir.terminology import SNOMED_CT
from cds.settings import Settings
from tests.clock import NOW
from tests.process import typed
from tests.terminology_server import Concept, TerminologyService, running

pytestmark = pytest.mark.slow

CALCIPHYLAXIS, CHILD = "237900002", "999999990"
CONCEPTS = {
    CALCIPHYLAXIS: Concept("Calciphylaxis (disorder)", synonyms=("calciphylaxis",)),
    "717043006": Concept("Calciphylaxis cutis", (CALCIPHYLAXIS,)),
    CHILD: Concept("Calciphylaxis of the breast", (CALCIPHYLAXIS,)),
}


def test_what_was_added_is_said_and_the_service_knows_it(tmp_path: Path) -> None:
    with running(TerminologyService(SNOMED_CT, CONCEPTS, token="t0ken")) as base:
        code, out, err = typed(
            *("valuesets", "refresh", "--server", base, "--only", "calciphylaxis", "--folder", str(tmp_path)),
            *("--token-env", "TERMINOLOGY_TOKEN"),
            TERMINOLOGY_TOKEN="t0ken",
        )
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "calciphylaxis: 1 added, 0 removed",
        f"  + {CHILD} Calciphylaxis of the breast",
        "1 value sets, 1 codes added, 0 left alone",
    ]
    consultant = Consultant.load(Settings(profiles_folder=tmp_path))
    condition = {"resourceType": "Condition", "code": {"coding": [{"system": SNOMED_CT, "code": CHILD}]}}
    record = [{"resourceType": "Patient", "id": "p"}, condition]
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record))
    case = consultant.open(file, NOW)
    assert [match.concept for problem in case.reading.chart.problems for match in problem.matches] == ["calciphylaxis"]


def test_what_the_server_will_not_expand_is_a_problem(tmp_path: Path) -> None:
    with running(TerminologyService(SNOMED_CT, CONCEPTS)) as base:
        code, out, _ = typed(
            "valuesets", "refresh", "--server", base, "--only", "gout", CDS_PROFILES_FOLDER=str(tmp_path)
        )
    assert code == 1
    assert out.startswith("gout: left alone, status 422")
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_the_codes_is_listed() -> None:
    with running(TerminologyService(SNOMED_CT, CONCEPTS)) as base:
        code, out, err = typed("valuesets", "validate", "--server", base, "--system", SNOMED_CT)
    assert (code, err) == (1, "")
    assert f"unknown\t{SNOMED_CT}|36348003\t" in out
    assert CALCIPHYLAXIS not in out


def test_a_code_system_that_the_server_lacks_is_said() -> None:
    with running(TerminologyService(SNOMED_CT, CONCEPTS)) as base:
        code, out, _ = typed("valuesets", "validate", "--server", base, "--system", "http://loinc.org")
    assert code == 1
    assert "the server does not hold this code system" in out
    assert out.endswith("0 codes checked, 0 problems\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--server", "nowhere"], "the server must be an absolute URL"),
        (["--server", "http://127.0.0.1:9/fhir", "--only", "nothing"], "there is no value set nothing"),
        (["--server", "http://127.0.0.1:9/fhir", "--token-env", "NO_SUCH_TOKEN"], "NO_SUCH_TOKEN is empty"),
    ],
)
def test_a_command_that_cannot_be_used(arguments: list[str], said: str, tmp_path: Path) -> None:
    code, out, err = typed("valuesets", "refresh", *arguments, "--folder", str(tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith("cds: ")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_site_s_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="profiles_folder"):
        Consultant.load(Settings(profiles_folder=tmp_path / "nowhere"))
