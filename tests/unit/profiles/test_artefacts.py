"""profiles/ is the source of every code: each file is valid FHIR, says what it must say, and agrees with the others."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds.data import folder
from cds.reasoning.knowledge.cards import Cards
from cds.reasoning.knowledge.laboratory import LaboratoryChapter
from cds.reasoning.knowledge.medicines import MedicinesChapter
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.wording import Wording

BASE: Final = "https://calcification-cds.example/fhir"
SNOMED_CT: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
ATC: Final = "http://www.whocc.no/atc"
PROFILES: Final = folder("profiles")
FOLDERS: Final = {
    "valuesets": "ValueSet",
    "codesystems": "CodeSystem",
    "namingsystems": "NamingSystem",
    "extensions": "StructureDefinition",
}
FILES: Final = sorted(file for name in FOLDERS for file in (PROFILES / name).glob("*.json"))
RESOURCES: Final[dict[Path, dict[str, Any]]] = {file: json.loads(file.read_text(encoding="utf-8")) for file in FILES}
README: Final = (PROFILES / "README.md").read_text(encoding="utf-8")


def of_type(resource_type: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in RESOURCES.values() if each["resourceType"] == resource_type}


VALUE_SETS: Final = of_type("ValueSet")
CODE_SYSTEMS: Final = of_type("CodeSystem")


def lines() -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """(value set, system, element that carries the extensions, whether it is a filter) of every line."""
    for name, value_set in VALUE_SETS.items():
        for include in value_set["compose"]["include"]:
            if "filter" in include:
                yield name, include["system"], include, True
            for concept in include.get("concept", ()):
                yield name, include["system"], concept, False


def code_of(element: dict[str, Any]) -> str:
    return str(element["filter"][0]["value"] if "filter" in element else element["code"])


def extensions(element: dict[str, Any]) -> dict[str, Any]:
    return {
        each["url"].removeprefix(f"{BASE}/StructureDefinition/"): next(v for k, v in each.items() if k != "url")
        for each in element.get("extension", ())
        if each["url"].startswith(BASE)
    }


def codes(system: str) -> set[str]:
    return {concept["code"] for concept in CODE_SYSTEMS[system]["concept"]}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PROFILES).as_posix())
def test_a_file_is_fhir_r4_written_in_its_one_way(file: Path) -> None:
    written = file.read_text(encoding="utf-8")
    resource = json.loads(written)
    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    read_again = json.loads(model.model_dump_json())
    assert json.dumps(read_again, ensure_ascii=False, indent=2) + "\n" == written


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PROFILES).as_posix())
def test_a_file_says_who_it_is(file: Path) -> None:
    resource = RESOURCES[file]
    assert resource["resourceType"] == FOLDERS[file.parent.name]
    assert resource["id"] == file.stem
    if resource["resourceType"] == "NamingSystem":
        return
    assert resource["url"] == f"{BASE}/{resource['resourceType']}/{file.stem}"
    assert resource["title"]
    assert [each["valueCode"] for each in resource["_title"]["extension"][0]["extension"][:1]] == ["fr"]


def test_every_url_is_unique() -> None:
    urls = [resource["url"] for resource in RESOURCES.values() if "url" in resource]
    assert len(urls) == len(set(urls))


def test_no_code_stands_twice_in_one_value_set() -> None:
    seen: dict[tuple[str, str, str, bool], int] = defaultdict(int)
    for name, system, element, is_filter in lines():
        seen[name, system, code_of(element), is_filter] += 1
    assert [key for key, times in seen.items() if times > 1] == []


def verhoeff(number: str) -> bool:
    """Whether the last digit of `number` is its Verhoeff check digit (dihedral group of order 10)."""
    permutation = (tuple(range(10)), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4))
    permutations: list[tuple[int, ...]] = [permutation[0]]
    for _ in range(7):
        permutations.append(tuple(permutation[1][each] for each in permutations[-1]))

    def times(one: int, other: int) -> int:
        if one < 5:
            return (one + other) % 5 if other < 5 else 5 + (one + other) % 5
        return 5 + (one - other) % 5 if other < 5 else (one - other) % 5

    check = 0
    for place, digit in enumerate(reversed(number)):
        check = times(check, permutations[place % 8][int(digit)])
    return check == 0


def loinc_check(code: str) -> bool:
    """Whether the digit after the hyphen is the Luhn check digit of a LOINC code."""
    number, _, check = code.partition("-")
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return check == str(-total % 10)


def test_check_digits_catch_typing_errors() -> None:
    assert verhoeff("6595006")
    assert not verhoeff("6595007")
    assert not verhoeff("6590506")
    assert loinc_check("2000-8")
    assert not loinc_check("2000-7")


def test_snomed_and_loinc_codes_have_right_check_digits() -> None:
    checks = {SNOMED_CT: verhoeff, LOINC: loinc_check}
    wrong = [
        (name, code_of(element))
        for name, system, element, _ in lines()
        if system in checks and not checks[system](code_of(element))
    ]
    assert wrong == []


def test_a_code_has_the_same_tier_everywhere() -> None:
    tiers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, system, element, _ in lines():
        tiers[system, code_of(element)].add(extensions(element)["evidence-tier"])
    assert {key: found for key, found in tiers.items() if len(found) > 1} == {}
    assert set().union(*tiers.values()) == codes("evidence-tiers")


def test_a_tier_fits_its_system() -> None:
    """Title-checked are the entries of classifications; everything else has a letter."""
    for name, system, element, _ in lines():
        is_classification = "icd-10" in system or system == ATC
        assert (extensions(element)["evidence-tier"] == "title") == is_classification, (name, code_of(element))


def test_every_extension_is_defined_used_and_in_its_place() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for _, _, element, is_filter in lines():
        for name in extensions(element):
            places[name].add("ValueSet.compose.include" if is_filter else "ValueSet.compose.include.concept")
    defined = of_type("StructureDefinition")
    assert set(places) == set(defined)
    for name, used in places.items():
        assert used <= {context["expression"] for context in defined[name]["context"]}, name
        assert f"`{name}`" in README


def test_coded_extensions_come_from_our_code_systems() -> None:
    for name, _, element, _ in lines():
        said = extensions(element)
        assert said.get("laboratory-analyte", "urea") in codes("laboratory-analytes")
        if name.startswith("lab-"):
            assert said["laboratory-property"] in codes("laboratory-properties"), code_of(element)
        else:
            assert "laboratory-property" not in said


def test_filters_are_prefixes_of_hierarchical_systems() -> None:
    for name, system, element, is_filter in lines():
        if is_filter:
            assert "icd-10" in system or system == ATC, name
            assert [(each["property"], each["op"]) for each in element["filter"]] == [("concept", "is-a")]
            assert extensions(element)["filter-display"]


def test_every_system_has_a_naming_system_and_every_name_is_in_the_readme() -> None:
    names = [
        (each["preferred"], each["value"]) for naming in of_type("NamingSystem").values() for each in naming["uniqueId"]
    ]
    assert {system for _, system, _, _ in lines()} == {value for preferred, value in names if preferred}
    assert len({value for _, value in names}) == len(names)
    assert [value for _, value in names if value not in README and value.replace("https", "http") not in README] == []


def test_every_folder_is_in_the_readme() -> None:
    for each in sorted(PROFILES.iterdir()):
        if each.is_dir():
            assert f"`{each.name}/" in README, each.name


def test_concepts_without_a_code_are_named_in_the_readme() -> None:
    words = README.split("matched by words alone")[1].split("For others")[0]
    named = [each.strip(" .\n") for each in words.split(":", 1)[1].split(",")]
    assert len(named) == 7
    assert [each for each in named if each in VALUE_SETS] == []
    assert len([each for each in VALUE_SETS if not each.startswith(("lab-", "order-"))]) + len(named) == 168


def test_every_laboratory_test_has_its_codes() -> None:
    chapter = read_chapter(LaboratoryChapter, "laboratory", [folder("rules")])
    assert {f"lab-{test.id}" for test in chapter.tests} == {each for each in VALUE_SETS if each.startswith("lab-")}
    for test in chapter.tests:
        value_set = VALUE_SETS[f"lab-{test.id}"]
        assert value_set["title"] == test.term.en
        assert value_set["_title"]["extension"][0]["extension"][1]["valueString"] == test.term.fr


def test_every_class_of_medicines_has_atc_codes() -> None:
    chapter = read_chapter(MedicinesChapter, "medicines", [folder("rules")])
    with_atc = {name for name, system, _, _ in lines() if system == ATC and not name.startswith("order-")}
    assert {each.id for each in chapter.classes} == with_atc


def test_cards_are_those_of_the_rules() -> None:
    concepts = CODE_SYSTEMS["cards"]["concept"]
    ours = {each["code"]: (each["display"], each["designation"][0]["value"]) for each in concepts}
    assert len(ours) == len(concepts) == CODE_SYSTEMS["cards"]["count"]
    of_rules = {
        card.id: (card.topic.en, card.topic.fr) for card in read_chapter(Cards, "cards", [folder("rules")]).cards
    }
    assert ours == of_rules


def test_our_override_reasons_are_those_that_cards_offer() -> None:
    wording = read_chapter(Wording, "wording", [folder("rules")])
    reasons = (*wording.override_reasons, *wording.order_override_reasons)
    assert codes("override-reasons") == {reason.id for reason in reasons if not reason.system}


def test_code_systems_speak_both_languages() -> None:
    for name, system in CODE_SYSTEMS.items():
        listed = [concept["code"] for concept in system["concept"]]
        assert len(listed) == len(set(listed)) == system["count"], name
        assert all(concept["designation"][0]["language"] == "fr" for concept in system["concept"]), name


@pytest.mark.parametrize(
    ("name", "excluded"),
    [
        ("haemodialysis", {"5A1D90Z", "G0491", "JVJF002", "JVJB002", "233578004", "427053002", "715743002"}),
        ("multiple-myeloma", {"94704006", "413587002", "440422002", "441313008"}),
        ("bone-metastases", {"314990009"}),
        ("ehlers-danlos-syndrome", {"17025000", "70610001", "86667008", "Q79.63"}),
        ("connective-tissue-disease", {"105969002"}),
        ("haemochromatosis", {"6160004", "E83.111"}),
        ("gouty-tophus", {"27277001"}),
        ("systemic-sclerosis", {"206541009"}),
        ("venous-eczema", {"I87.2"}),
        ("ankle-ankylosis-trophic", {"111227009"}),
        ("lab-calcium-ionised", {"13959-2", "83064-6", "46093-1"}),
        ("lab-calcium-total", {"49936-8", "49935-0"}),
        ("lab-bicarbonate", {"48631-6", "54359-5", "74684-2", "2024-8"}),
        ("lab-egfr", {"2164-2", "35591-7", "35592-5"}),
    ],
)
def test_codes_that_mean_something_else_stay_out(name: str, excluded: set[str]) -> None:
    listed = {code_of(element) for value_set, _, element, _ in lines() if value_set == name}
    assert listed
    assert listed & excluded == set()
