"""A real terminology server that is none of ours: `cds valuesets`, as it is typed, against HAPI.

HAPI keeps an invented SNOMED CT: our own codes under the names that we give them, with a few children and a retired code.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cds import data
from cds.fhir.terminology import SNOMED_CT, Match, Terminology
from cds.valuesets.files import ValueSets, snomed
from tests.clients import peers
from tests.clients.fhir_server import FhirServer, hapi
from tests.process import typed
from tests.terminology_server import Concept, TerminologyService

pytestmark = pytest.mark.slow

INDEX_SECONDS = 300
"""HAPI stores and indexes a long code system bit by bit, some time after it was taken."""
PROFILES = data.folder("profiles")
CALCIPHYLAXIS, ELASTICUM = "237900002", "252246005"
OF_THE_BREAST, OF_THE_LEFT_BREAST, OF_THE_NECK, RETIRED = "999999990", "999999991", "999999992", "999999993"
INVENTED = {
    OF_THE_BREAST: Concept("Calciphylaxis of breast", (CALCIPHYLAXIS,)),
    OF_THE_LEFT_BREAST: Concept("Calciphylaxis of left breast", (OF_THE_BREAST,)),
    OF_THE_NECK: Concept("Pseudoxanthoma elasticum of neck", (ELASTICUM,)),
    RETIRED: Concept("Calciphylaxis of unknown site", (CALCIPHYLAXIS,), inactive=True),
}


@pytest.fixture(scope="module")
def terminology() -> Iterator[str]:
    """The base of a HAPI of its own, once it knows all codes and their descendants.

    The one that all tests share is asked for SNOMED CT codes before it has any, and remembers that it has none.
    """
    with ExitStack() as running:
        with peers.require():
            server = running.enter_context(hapi())
        small = TerminologyService(SNOMED_CT, _ours() | INVENTED).code_system() | {"id": "small-snomed-ct"}
        answer = server.client.put(f"{server.base}/CodeSystem/{small['id']}", json=small)
        assert answer.status_code == 201, answer.text
        end = time.monotonic() + INDEX_SECONDS
        while not _is_indexed(server):
            assert time.monotonic() < end, "HAPI has not indexed the code system"
            time.sleep(0.5)
        yield server.base


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site's folder with value sets of its own: copies of two of ours."""
    folder = tmp_path / "valuesets"
    folder.mkdir()
    for name in ("calciphylaxis.json", "pseudoxanthoma-elasticum.json"):
        (folder / name).write_bytes((PROFILES / "valuesets" / name).read_bytes())
    return tmp_path


def test_descendants_are_added_and_matched(terminology: str, site: Path) -> None:
    only = ("--only", "calciphylaxis", "--only", "pseudoxanthoma-elasticum")
    code, out, err = typed("valuesets", "refresh", "--server", terminology, "--folder", str(site), *only)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "calciphylaxis: 2 added, 0 removed",
        f"  + {OF_THE_BREAST} Calciphylaxis of breast",
        f"  + {OF_THE_LEFT_BREAST} Calciphylaxis of left breast",
        "pseudoxanthoma-elasticum: 1 added, 0 removed",
        f"  + {OF_THE_NECK} Pseudoxanthoma elasticum of neck",
        "2 value sets, 3 codes added, 0 left alone",
    ]
    written = _value_set(site, "calciphylaxis")["expansion"]
    assert written["parameter"] == [{"name": "used-codesystem", "valueUri": f"{SNOMED_CT}|2026-01"}]

    loaded = Terminology.load(PROFILES, site)
    assert _concepts(loaded.match(SNOMED_CT, OF_THE_LEFT_BREAST)) == {("calciphylaxis", "C")}
    assert ("pseudoxanthoma-elasticum", "C") in _concepts(loaded.match(SNOMED_CT, OF_THE_NECK))
    assert loaded.match(SNOMED_CT, RETIRED) == ()
    assert Terminology.load(PROFILES).match(SNOMED_CT, OF_THE_LEFT_BREAST) == ()

    again = typed("valuesets", "refresh", "--server", terminology, "--folder", str(site), *only)
    assert again == (0, "2 value sets, 0 codes added, 0 left alone\n", "")


def test_a_value_set_is_left_alone_when_it_grows_too_long_or_names_what_hapi_lacks(
    terminology: str, site: Path
) -> None:
    elasticum = _value_set(site, "pseudoxanthoma-elasticum")
    elasticum["compose"]["include"].append({"system": SNOMED_CT, "concept": [{"code": "999", "display": "Nothing"}]})
    _write(site, elasticum)
    only = ("--only", "calciphylaxis", "--only", "pseudoxanthoma-elasticum", "--most", "4")
    code, out, err = typed("valuesets", "refresh", "--server", terminology, "--folder", str(site), *only)
    assert (code, err) == (1, "")
    long, lacking, total = out.splitlines()
    assert long == "calciphylaxis: left alone, 5 codes, more than the 4 that are allowed"
    assert lacking.startswith("pseudoxanthoma-elasticum: left alone, status 400: ")
    assert "code does not exist" in lacking
    assert total == "2 value sets, 0 codes added, 2 left alone"
    assert "expansion" not in _value_set(site, "calciphylaxis")


def test_what_is_wrong_with_the_codes_is_listed_and_nothing_else(terminology: str, site: Path) -> None:
    calciphylaxis = _value_set(site, "calciphylaxis")
    (include,) = (each for each in calciphylaxis["compose"]["include"] if each["system"] == SNOMED_CT)
    include["concept"] += [
        {"code": "999", "display": "Nothing"},
        {"code": RETIRED, "display": "Calciphylaxis of unknown site"},
        {"code": OF_THE_BREAST, "display": "Calciphylaxis of the heart"},
        {"code": OF_THE_LEFT_BREAST, "display": "calciphylaxis of LEFT breast"},
    ]
    _write(site, calciphylaxis)
    code, out, err = typed(
        "valuesets", "validate", "--server", terminology, "--folder", str(site), "--system", SNOMED_CT
    )
    assert (code, err) == (1, "")
    *problems, total = out.splitlines()
    assert [each.split("\t") for each in problems] == [
        [
            "display",
            f"{SNOMED_CT}|{OF_THE_BREAST}",
            "Calciphylaxis of the heart (the server: Calciphylaxis of breast)",
            "calciphylaxis",
        ],
        [
            "inactive",
            f"{SNOMED_CT}|{RETIRED}",
            "Calciphylaxis of unknown site (the server: Calciphylaxis of unknown site)",
            "calciphylaxis",
        ],
        ["unknown", f"{SNOMED_CT}|999", "Nothing", "calciphylaxis"],
    ]
    lines = {(line.code, line.display) for each in ValueSets(PROFILES, site).all().values() for line in snomed(each)}
    assert total == f"{len(lines)} codes checked, 3 problems"


def test_a_code_system_that_hapi_lacks_is_said(terminology: str) -> None:
    code, out, err = typed("valuesets", "validate", "--server", terminology, "--system", "http://loinc.org")
    assert (code, err) == (1, "")
    assert "codes: the server does not hold this code system" in out


def _ours() -> dict[str, Concept]:
    """Every SNOMED CT code of our value sets, with all names that they give it."""
    names: dict[str, dict[str, None]] = {}
    for value_set in ValueSets(PROFILES).all().values():
        for line in snomed(value_set):
            names.setdefault(line.code, {})[line.display] = None
    return {code: Concept(first, synonyms=tuple(others)) for code, (first, *others) in names.items()}


def _is_indexed(server: FhirServer) -> bool:
    """Whether every code is there, and every ancestor of those that have some."""
    below = {CALCIPHYLAXIS: {OF_THE_BREAST, OF_THE_LEFT_BREAST, RETIRED}, ELASTICUM: {OF_THE_NECK}}
    hierarchies = all(
        {code, *others} <= _expansion(server, [{"property": "concept", "op": "is-a", "value": code}])
        for code, others in below.items()
    )
    return hierarchies and {*_ours(), *INVENTED} <= _expansion(server, [])


def _expansion(server: FhirServer, filters: list[dict[str, str]]) -> set[str]:
    """The codes that HAPI finds, none as long as it refuses."""
    value_set = {
        "resourceType": "ValueSet",
        "status": "draft",
        "compose": {"include": [{"system": SNOMED_CT, "filter": filters}]},
    }
    answer = server.client.post(f"{server.base}/ValueSet/$expand", json=value_set).json()
    return {each["code"] for each in answer.get("expansion", {}).get("contains", ())}


def _concepts(matches: tuple[Match, ...]) -> set[tuple[str, str]]:
    return {(match.concept, match.tier) for match in matches}


def _value_set(site: Path, name: str) -> dict[str, Any]:
    found = json.loads((site / "valuesets" / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _write(site: Path, value_set: dict[str, Any]) -> None:
    (site / "valuesets" / f"{value_set['id']}.json").write_text(json.dumps(value_set), encoding="utf-8")
