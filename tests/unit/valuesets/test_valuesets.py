"""Value sets and a terminology server, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.codesystem import CodeSystem
from fhir.resources.R4B.valueset import ValueSet

from cds import data
from cds.errors import InputError
from cds.fhir.terminology import SNOMED_CT, Terminology
from cds.valuesets.files import ValueSets
from cds.valuesets.refresh import Refreshed, refresh
from cds.valuesets.server import TerminologyServer
from cds.valuesets.validate import Validation, validate
from tests.terminology_server import Concept, TerminologyService, running

BASE = "https://calcification-cds.example/fhir"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

DISEASE, SEVERE, MILD, WORST, GROUP, OTHER, RETIRED = "100", "110", "120", "111", "130", "200", "300"
CONCEPTS = {
    DISEASE: Concept("Disease (disorder)", synonyms=("Disease",)),
    SEVERE: Concept("Severe disease", (DISEASE,)),
    MILD: Concept("Mild disease", (DISEASE,)),
    WORST: Concept("Worst disease", (SEVERE, OTHER)),
    GROUP: Concept("Kind of disease", (DISEASE,), abstract=True),
    OTHER: Concept("Other disorder"),
    RETIRED: Concept("Retired disease", (DISEASE,), inactive=True),
}


def concept(code: str, display: str, tier: str = "A", *, needs_text: bool = False) -> dict[str, Any]:
    extension = [{"url": f"{BASE}/StructureDefinition/evidence-tier", "valueCode": tier}]
    if needs_text:
        extension.append({"url": f"{BASE}/StructureDefinition/needs-text", "valueBoolean": True})  # type: ignore[dict-item]
    return {"extension": extension, "code": code, "display": display}


def value_set(name: str, *concepts: dict[str, Any], system: str = SNOMED_CT, **members: Any) -> dict[str, Any]:
    compose = {"include": [{"system": system, "concept": list(concepts)}], **members.pop("compose", {})}
    url = f"{BASE}/ValueSet/{name}"
    return {"resourceType": "ValueSet", "id": name, "url": url, "status": "draft", "compose": compose, **members}


@pytest.fixture
def service() -> TerminologyService:
    return TerminologyService(SNOMED_CT, CONCEPTS)


@pytest.fixture
def base(service: TerminologyService) -> Iterator[str]:
    with running(service) as url:
        yield url


@pytest.fixture
def lay(tmp_path: Path) -> Callable[..., ValueSets]:
    """Writes value sets into a package of their own."""

    def written(*value_sets: dict[str, Any]) -> ValueSets:
        folder = tmp_path / "package" / "valuesets"
        folder.mkdir(parents=True, exist_ok=True)
        for each in value_sets:
            (folder / f"{each['id']}.json").write_text(json.dumps(each))
        return ValueSets(tmp_path / "package", tmp_path / "site")

    return written


def refreshed(sets: ValueSets, base: str, token: str = "", **options: Any) -> list[Refreshed]:
    async def ask() -> list[Refreshed]:
        async with TerminologyServer(base, token) as server:
            return await refresh(sets, server, NOW, **options)

    return asyncio.run(ask())


def validated(sets: ValueSets, base: str, *systems: str) -> Validation:
    async def ask() -> Validation:
        async with TerminologyServer(base) as server:
            return await validate(sets, server, systems)

    return asyncio.run(ask())


def tiers(file: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Code -> tier, and whether it needs words."""
    return {
        each["code"]: (each["extension"][0]["valueCode"], len(each["extension"]) == 2)
        for each in file["expansion"]["contains"]
    }


def test_the_code_system_can_be_given_to_another_server(service: TerminologyService) -> None:
    system = CodeSystem.model_validate(service.code_system())
    assert [each.code for each in system.concept] == [DISEASE, OTHER]
    written = re.findall(r'"code": "(\d+)"', json.dumps(service.code_system()))
    assert sorted(written) == sorted(CONCEPTS)


def test_a_server_that_stays_busy_is_left_alone(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService
) -> None:
    service.busy = 100
    (done,) = refreshed(lay(value_set("b", concept(SEVERE, ""))), base)
    assert done.refused == "the server is busy"
    assert len(service.asked) < 10


def test_descendants_are_written_beside_what_is_listed(
    lay: Callable[..., ValueSets], base: str, tmp_path: Path
) -> None:
    sets = lay(value_set("disease", concept(DISEASE, "Disease"), concept(MILD, "Mild disease", "C")))
    (done,) = refreshed(sets, base)
    assert [each.code for each in done.added] == [SEVERE, WORST]
    written = json.loads((tmp_path / "site" / "valuesets" / "disease.json").read_text())
    ValueSet.model_validate(written)
    assert written["expansion"]["total"] == 2
    assert written["expansion"]["timestamp"] == "2026-03-02T10:00:00Z"
    assert written["expansion"]["parameter"] == [{"name": "used-codesystem", "valueUri": f"{SNOMED_CT}|2026-01"}]
    assert [each["display"] for each in written["expansion"]["contains"]] == ["Severe disease", "Worst disease"]
    # The package stays as it is.
    assert "expansion" not in json.loads((tmp_path / "package" / "valuesets" / "disease.json").read_text())


def test_the_expansion_is_matched(lay: Callable[..., ValueSets], base: str, tmp_path: Path) -> None:
    refreshed(lay(value_set("disease", concept(DISEASE, "Disease", "B"))), base)
    loaded = Terminology(
        [("disease", sets) for sets in ValueSets(tmp_path / "package", tmp_path / "site").all().values()], {}
    )
    (match,) = loaded.match(SNOMED_CT, WORST)
    assert (match.concept, match.tier, match.needs_text) == ("disease", "B", False)
    assert loaded.match(SNOMED_CT, RETIRED) == loaded.match(SNOMED_CT, GROUP) == loaded.match(SNOMED_CT, OTHER) == ()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("A", False), ("A", False), ("A", False)),
        (("A", False), ("C", False), ("C", False)),
        (("C", False), ("B", False), ("C", False)),
        (("B", True), ("A", False), ("B", True)),
    ],
)
def test_a_descendant_of_two_has_the_weaker_evidence(
    lay: Callable[..., ValueSets],
    base: str,
    tmp_path: Path,
    one: tuple[str, bool],
    other: tuple[str, bool],
    expected: tuple[str, bool],
) -> None:
    both = [concept(code, "", tier, needs_text=text) for code, (tier, text) in ((SEVERE, one), (OTHER, other))]
    refreshed(lay(value_set("disease", *both)), base)
    assert tiers(json.loads((tmp_path / "site" / "valuesets" / "disease.json").read_text())) == {WORST: expected}


def test_what_is_excluded_stays_out(lay: Callable[..., ValueSets], base: str, tmp_path: Path) -> None:
    exclude = {"exclude": [{"system": SNOMED_CT, "concept": [{"code": WORST}]}]}
    refreshed(lay(value_set("disease", concept(SEVERE, ""), concept(MILD, ""), compose=exclude)), base)
    assert not (tmp_path / "site").exists()


def test_nothing_new_writes_nothing(lay: Callable[..., ValueSets], base: str, tmp_path: Path) -> None:
    sets = lay(value_set("disease", concept(DISEASE, "Disease")))
    refreshed(sets, base)
    file = tmp_path / "site" / "valuesets" / "disease.json"
    file.chmod(0o444)
    before = file.read_text(), file.stat().st_mtime_ns
    (again,) = refreshed(sets, base)
    assert (again.added, again.removed) == ((), 0)
    assert (file.read_text(), file.stat().st_mtime_ns) == before


def test_what_is_gone_is_counted_and_removed(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService, tmp_path: Path
) -> None:
    sets = lay(value_set("disease", concept(DISEASE, "Disease")))
    refreshed(sets, base)
    service.concepts = {code: each for code, each in CONCEPTS.items() if code != WORST}
    (again,) = refreshed(sets, base)
    assert (again.added, again.removed) == ((), 1)
    assert set(tiers(json.loads((tmp_path / "site" / "valuesets" / "disease.json").read_text()))) == {SEVERE, MILD}


def test_only_value_sets_with_snomed_codes_and_of_those_the_wanted_ones(
    lay: Callable[..., ValueSets], base: str
) -> None:
    sets = lay(
        value_set("a", concept(SEVERE, "")),
        value_set("b", concept(SEVERE, "")),
        value_set("c", concept("2000-8", ""), system="http://loinc.org"),
    )
    assert [each.name for each in refreshed(sets, base)] == ["a", "b"]
    assert [each.name for each in refreshed(sets, base, only=["b"])] == ["b"]


def test_pages_are_followed(lay: Callable[..., ValueSets], base: str, service: TerminologyService) -> None:
    service.page = 1
    (done,) = refreshed(lay(value_set("disease", concept(DISEASE, ""))), base)
    assert {each.code for each in done.added} == {SEVERE, WORST, MILD}


def test_retired_codes_stay_out_where_the_server_does_not_leave_them_out(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService
) -> None:
    service.heeds_active_only = False
    (done,) = refreshed(lay(value_set("disease", concept(DISEASE, ""))), base)
    assert {each.code for each in done.added} == {SEVERE, WORST, MILD}


def test_a_server_that_cannot_search_for_retired_codes_is_taken_at_its_word(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService
) -> None:
    service.says_so = service.filters_inactive = False
    (done,) = refreshed(lay(value_set("disease", concept(DISEASE, ""))), base)
    assert {each.code for each in done.added} == {SEVERE, WORST, MILD}
    assert service.asked == ["ValueSet/$expand"] * 2


def test_a_server_that_calls_every_code_retired_takes_nothing_away(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService, tmp_path: Path
) -> None:
    """It may not have understood the question."""
    service.heeds_active_only = False
    (done,) = refreshed(lay(value_set("disease", concept(RETIRED, ""))), base)
    assert done.refused == "all its codes are retired, or the server cannot say which are"
    assert not (tmp_path / "site").exists()


def test_a_server_that_says_what_it_heeded_is_not_asked_again(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService
) -> None:
    refreshed(lay(value_set("disease", concept(DISEASE, ""))), base)
    assert service.asked == ["ValueSet/$expand"]


def test_too_many_codes_are_left_alone(lay: Callable[..., ValueSets], base: str, tmp_path: Path) -> None:
    (done,) = refreshed(lay(value_set("disease", concept(DISEASE, ""))), base, most=3)
    assert done.refused == "5 codes, more than the 3 that are allowed"
    assert not (tmp_path / "site").exists()


def test_a_refusal_costs_only_its_value_set(lay: Callable[..., ValueSets], base: str) -> None:
    first, second = refreshed(lay(value_set("a", concept("999", "")), value_set("b", concept(SEVERE, ""))), base)
    assert first.refused == "status 422: the filter is-a 999 cannot be applied"
    assert [each.code for each in second.added] == [WORST]


def test_a_busy_server_is_asked_again(lay: Callable[..., ValueSets], base: str, service: TerminologyService) -> None:
    service.busy = 2
    (done,) = refreshed(lay(value_set("b", concept(SEVERE, ""))), base)
    assert [each.code for each in done.added] == [WORST]
    assert len(service.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "said"), [("moved", "status 307, and no FHIR"), ("garbled", "status 200, and no FHIR")]
)
def test_redirects_and_pages_for_people_are_refused(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService, trouble: str, said: str
) -> None:
    setattr(service, trouble, True)
    (done,) = refreshed(lay(value_set("b", concept(SEVERE, ""))), base)
    assert done.refused == said


def test_the_token_is_sent(lay: Callable[..., ValueSets], base: str, service: TerminologyService) -> None:
    service.token = "secret"
    sets = lay(value_set("b", concept(SEVERE, "")))
    assert refreshed(sets, base)[0].refused == "status 401: who are you?"
    assert refreshed(sets, base, token="secret")[0].added
    assert service.tokens == ["", "Bearer secret"]


@pytest.mark.parametrize("url", ["ftp://x", "nowhere", "", "http://"])
def test_a_server_has_a_url(url: str) -> None:
    with pytest.raises(InputError, match="absolute URL"):
        TerminologyServer(url)


def test_a_token_is_not_sent_in_the_open() -> None:
    with pytest.raises(InputError, match="https only"):
        TerminologyServer("http://terminology.example/fhir", "secret")
    TerminologyServer("https://terminology.example/fhir", "secret")
    TerminologyServer("http://terminology.example/fhir")


def test_nobody_there(lay: Callable[..., ValueSets]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(InputError, match="cannot be reached"):
        refreshed(lay(value_set("b", concept(SEVERE, ""))), f"http://127.0.0.1:{port}/fhir")


def test_a_folder_that_cannot_be_written(lay: Callable[..., ValueSets], base: str, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file, no folder")
    with pytest.raises(InputError, match="--folder"):
        refreshed(lay(value_set("b", concept(SEVERE, ""))), base)


# ---- validate


def test_what_is_right_has_no_problem(lay: Callable[..., ValueSets], base: str) -> None:
    found = validated(lay(value_set("a", concept(DISEASE, "disease"), concept(MILD, "Mild disease"))), base)
    assert (found.checked, found.problems, found.unchecked, found.is_good) == (2, (), {}, True)


@pytest.mark.parametrize("remarks", [False, True])
@pytest.mark.parametrize("says_inactive", [False, True])
def test_what_is_wrong_is_listed(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService, remarks: bool, says_inactive: bool
) -> None:
    service.remarks_on_displays, service.says_inactive = remarks, says_inactive
    sets = lay(
        value_set("a", concept("999", "Nothing"), concept(RETIRED, "Retired disease"), concept(MILD, "Severe disease")),
        value_set("b", concept("999", "Nothing"), concept(SEVERE, "")),
    )
    found = validated(sets, base)
    assert not found.is_good
    assert [(each.kind, each.code, each.said, each.value_sets) for each in found.problems] == [
        ("display", MILD, "Mild disease", ("a",)),
        ("inactive", RETIRED, "Retired disease", ("a",)),
        ("unknown", "999", "", ("a", "b")),
    ]


@pytest.mark.parametrize("remarks", [False, True])
def test_a_synonym_is_right_also_where_the_server_takes_one_name_only(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService, remarks: bool
) -> None:
    service.remarks_on_synonyms, service.remarks_on_displays = True, remarks
    sets = lay(
        value_set("a", concept(DISEASE, "disease"), concept(MILD, "MILD disease"), concept(SEVERE, "Mild disease"))
    )
    assert [(each.kind, each.code) for each in validated(sets, base).problems] == [("display", SEVERE)]


@pytest.mark.parametrize(("searches", "kind"), [(True, "inactive"), (False, "unchecked")])
def test_a_server_that_cannot_look_a_code_up_is_asked_otherwise_or_it_is_said(
    lay: Callable[..., ValueSets], base: str, service: TerminologyService, searches: bool, kind: str
) -> None:
    service.says_inactive = service.looks_up = False
    service.filters_inactive = searches
    sets = lay(value_set("a", concept(RETIRED, "Retired disease")))
    assert [(each.kind, each.code) for each in validated(sets, base).problems] == [(kind, RETIRED)]


def test_a_code_system_that_the_server_lacks_is_no_silent_success(lay: Callable[..., ValueSets], base: str) -> None:
    sets = lay(
        value_set("a", concept("2000-8", "Calcium"), system="http://loinc.org"), value_set("b", concept(MILD, ""))
    )
    found = validated(sets, base)
    assert (found.checked, found.unchecked, found.is_good) == (1, {"http://loinc.org": 1}, False)
    assert validated(sets, base, SNOMED_CT).is_good


def test_categories_are_checked_too(lay: Callable[..., ValueSets], base: str) -> None:
    title = {"url": f"{BASE}/StructureDefinition/filter-display", "valueString": "Mild disease"}
    category = {
        "system": SNOMED_CT,
        "filter": [{"property": "concept", "op": "is-a", "value": MILD}],
        "extension": [title],
    }
    sets = lay(value_set("a", compose={"include": [category]}))
    assert validated(sets, base).is_good
    title["valueString"] = "Something else"
    assert [each.kind for each in validated(lay(value_set("a", compose={"include": [category]})), base).problems] == [
        "display"
    ]


def test_a_file_that_is_no_json(lay: Callable[..., ValueSets], base: str, tmp_path: Path) -> None:
    sets = lay()
    (tmp_path / "package" / "valuesets" / "broken.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        validated(sets, base)


# ---- our own value sets


def test_every_value_set_of_the_package_is_understood(tmp_path: Path) -> None:
    """Against a server that holds exactly our SNOMED CT codes: all are right, and none has a descendant."""
    sets = ValueSets(data.folder("profiles"), tmp_path)
    names: dict[str, list[str]] = {}
    for each in sets.all().values():
        for include in each["compose"]["include"]:
            if include["system"] == SNOMED_CT:
                for listed in include["concept"]:
                    names.setdefault(listed["code"], []).append(listed.get("display", ""))
    held = {code: Concept(displays[0], synonyms=tuple(displays[1:])) for code, displays in names.items()}
    child = "99999"
    held[child] = Concept("A child", ("237900002",))
    with running(TerminologyService(SNOMED_CT, held)) as base:
        assert validated(sets, base, SNOMED_CT).is_good
        done = {each.name: [member.code for member in each.added] for each in refreshed(sets, base)}
    assert len(done) > 100
    assert {name for name, added in done.items() if added} == {"calciphylaxis"}
    assert [file.name for file in (tmp_path / "valuesets").iterdir()] == ["calciphylaxis.json"]
    # Laid over the package, the child counts, and for no more than its parent.
    (match,) = Terminology.load(data.folder("profiles"), tmp_path).match(SNOMED_CT, child)
    assert (match.concept, match.tier) == ("calciphylaxis", "C")
    written = (tmp_path / "valuesets" / "calciphylaxis.json").read_text(encoding="utf-8")
    model = ValueSet.model_validate_json(written)
    assert json.dumps(json.loads(model.model_dump_json()), ensure_ascii=False, indent=2) + "\n" == written
    shutil.rmtree(tmp_path)
