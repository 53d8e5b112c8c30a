"""Codes become concepts: ACC-2, ACC-7 and the order of preference of LOINC codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.data import folder
from cds.fhir.terminology import ATC, ICD_10, ICD_10_CM, LOINC, RXNORM, SNOMED_CT, Terminology
from cds.reasoning.chart import Coding, Match
from cds.reasoning.knowledge.reading import Mistakes

TERMINOLOGY = Terminology.load(folder("profiles"))

Lay = dict[str, Any]


def concepts(system: str, code: str) -> set[str]:
    return {match.concept for match in TERMINOLOGY.match(system, code)}


def needs_text(system: str, code: str) -> dict[str, bool]:
    return {match.concept: match.needs_text for match in TERMINOLOGY.match(system, code)}


def test_a_match_says_concept_coding_and_tier() -> None:
    assert TERMINOLOGY.match(SNOMED_CT, "36348003", "PHPT") == (
        Match("primary-hyperparathyroidism", Coding(SNOMED_CT, "36348003", "PHPT"), "A", False),
    )


def test_the_display_is_never_mixed_up_between_look_ups() -> None:
    for display in ("one", "other", ""):
        assert TERMINOLOGY.match(ICD_10, "L94.2", display)[0].coding == Coding(ICD_10, "L94.2", display)


def test_concepts_come_sorted() -> None:
    found = [match.concept for match in TERMINOLOGY.match(ICD_10, "E83.5")]
    assert found == sorted(found)
    assert len(found) > 5


@pytest.mark.parametrize("system", ["", "http://example.org/local", "urn:oid:1.2.3"])
def test_a_code_without_its_system_is_no_match(system: str) -> None:
    assert TERMINOLOGY.match(system, "36348003") == ()
    assert TERMINOLOGY.laboratory(system, "2000-8") is None


def test_a_code_belongs_to_its_own_system_only() -> None:
    assert TERMINOLOGY.match(ICD_10, "36348003") == ()
    assert TERMINOLOGY.match(SNOMED_CT, "L94.2") == ()
    assert TERMINOLOGY.match(ICD_10_CM, "E83.5") == ()
    # 2028-9 and 1649-3 are also codes of the CDC race and ethnicity system
    assert TERMINOLOGY.laboratory("urn:oid:2.16.840.1.113883.6.238", "2028-9") is None
    assert TERMINOLOGY.match("urn:oid:2.16.840.1.113883.6.238", "2028-9") == ()


@pytest.mark.parametrize(
    ("name", "system", "code"),
    [
        ("https://smt.esante.gouv.fr/terminologie-cim-10", ICD_10, "L94.2"),
        ("urn:oid:2.16.840.1.113883.6.3", ICD_10, "L94.2"),
        ("urn:oid:2.16.840.1.113883.6.90", ICD_10_CM, "L94.2"),
        ("urn:oid:2.16.840.1.113883.6.96", SNOMED_CT, "36348003"),
        ("urn:oid:2.16.840.1.113883.6.73", ATC, "B01AA03"),
        ("urn:oid:2.16.840.1.113883.6.88", RXNORM, "11289"),
        ("https://smt.esante.gouv.fr/terminologie-atc", ATC, "B01AA03"),
    ],
)
def test_other_names_of_a_system_count_and_become_canonical(name: str, system: str, code: str) -> None:
    assert TERMINOLOGY.match(name, code) == TERMINOLOGY.match(system, code) != ()
    assert TERMINOLOGY.match(name, code)[0].coding.system == system


def test_loinc_by_its_oid() -> None:
    assert TERMINOLOGY.laboratory("urn:oid:2.16.840.1.113883.6.1", "2000-8") == TERMINOLOGY.laboratory(LOINC, "2000-8")


@pytest.mark.parametrize("written", ["M61.40", "m61.40", "M6140", "m6140", " M61.40 "])
def test_dots_and_case_of_icd_codes_do_not_matter(written: str) -> None:
    assert concepts(ICD_10, written) == concepts(ICD_10, "M61.40") >= {"muscle-calcification"}


def test_snomed_codes_are_matched_to_the_letter() -> None:
    assert concepts(SNOMED_CT, "363480031") == set()
    assert concepts(SNOMED_CT, "3634800") == set()


def test_a_prefix_opens_its_category_and_nothing_else() -> None:
    assert "chronic-venous-insufficiency" in concepts(ICD_10, "I83.9")
    assert "chronic-venous-insufficiency" in concepts(ICD_10, "I83")
    assert concepts(ICD_10, "I8") == set()
    assert "venous-ulcer-open" in concepts(ICD_10_CM, "I83.012")
    assert "venous-ulcer-open" not in concepts(ICD_10_CM, "I83.10")


def test_an_exact_entry_is_no_prefix() -> None:
    """ACC-7 (1): E83.5 is not E83.52."""
    assert concepts(ICD_10, "E83.52") == set()
    assert "hypercalcaemia" in concepts(ICD_10_CM, "E83.52")


def test_shared_codes_need_words() -> None:
    """ACC-2, ACC-7 (1): E83.5 needs text for hypercalcaemia, E83.52 does not."""
    assert needs_text(ICD_10, "E83.5")["hypercalcaemia"]
    assert not needs_text(ICD_10, "E83.5")["calcium-phosphate-metabolism-anomaly"]
    assert not needs_text(ICD_10_CM, "E83.52")["hypercalcaemia"]
    assert needs_text(ICD_10_CM, "E83.52")["milk-alkali-syndrome"]
    assert needs_text(ICD_10, "I87.8") == {"phlebolith": True}


def test_the_same_code_may_need_words_for_one_concept_only() -> None:
    found = needs_text(ICD_10, "M61.40")
    assert found["dystrophic-calcification"]
    assert not found["muscle-calcification"]


@pytest.mark.parametrize("code", ["M61.0", "M61.00", "M61.1", "M61.5", "M61.59"])
def test_ossification_is_no_calcification(code: str) -> None:
    """D-17: M61.0, M61.1 and M61.5 are left out of M61."""
    for system in (ICD_10, ICD_10_CM):
        found = concepts(system, code)
        assert "heterotopic-ossification" in found
        assert found & {"soft-tissue-calcification", "muscle-calcification", "dystrophic-calcification"} == set()


def test_tiers_of_classifications_are_titles() -> None:
    assert {match.tier for match in TERMINOLOGY.match(ICD_10, "L94.2")} == {"title"}
    assert TERMINOLOGY.match(SNOMED_CT, "6595006")[0].tier == "C"


@pytest.mark.parametrize(
    ("atc", "expected"),
    [
        ("A11CC05", {"vitamin-d-supplement"}),
        ("A12AX", {"calcium-salts", "vitamin-d-supplement"}),
        ("A02AC01", {"absorbable-alkali-antacids"}),
        ("V03AE07", {"calcium-salts", "phosphate-binders"}),
        ("V03AE01", set()),  # a potassium binder
        ("C09BA04", {"thiazides"}),
        ("C09BB04", {"calcium-channel-blocker"}),
        ("C09BB10", set()),  # not a dihydropyridine
        ("C09DX01", {"calcium-channel-blocker", "thiazides"}),
        ("A12AA03", {"calcium-salts", "parenteral-calcium"}),
    ],
)
def test_medicine_classes_by_atc(atc: str, expected: set[str]) -> None:
    """The classes of medicines; those of orders (ORD-0b) stand beside them."""
    assert {each for each in concepts(ATC, atc) if not each.startswith("order-")} == expected


def test_shared_atc_codes_need_words() -> None:
    assert needs_text(ATC, "B01AB01") == {"calcium-heparin": True}
    assert needs_text(ATC, "A06AG20").items() >= {"sodium-phosphate-laxative": True}.items()
    assert needs_text(ATC, "C10BX03") == {"calcium-channel-blocker": True}


def test_procedure_codes() -> None:
    assert concepts("http://www.ama-assn.org/go/cpt", "90966") == {"haemodialysis", "peritoneal-dialysis"}
    assert concepts("http://www.cms.gov/Medicare/Coding/ICD10", "5A1D70Z") == {"haemodialysis"}
    assert concepts("http://www.cms.gov/Medicare/Coding/ICD10", "5A1D90Z") == set()
    assert concepts("https://smt.esante.gouv.fr/terminologie-ccam", "JVJF004") == {"haemodialysis"}
    assert concepts(LOINC, "25011-8") == {"leg-radiograph"}


def test_laboratory_codes_stand_in_order_of_preference() -> None:
    codes = TERMINOLOGY.lab_codes("egfr")
    assert [code.rank for code in codes] == list(range(len(codes)))
    assert codes[0].loinc == "98979-8"
    assert TERMINOLOGY.laboratory(LOINC, "98980-6") == codes[1]
    assert TERMINOLOGY.lab_codes("no-such-test") == ()


def test_laboratory_codes_say_what_they_measure() -> None:
    molar, mass = TERMINOLOGY.laboratory(LOINC, "2000-8"), TERMINOLOGY.laboratory(LOINC, "17861-6")
    assert molar is not None
    assert mass is not None
    assert (molar.lab, molar.property, molar.display) == (
        "calcium-total",
        "molar",
        "Calcium [Moles/volume] in Serum or Plasma",
    )
    assert (mass.lab, mass.property) == ("calcium-total", "mass")


def test_urea_and_its_nitrogen_are_told_apart() -> None:
    said = {code.loinc: code.analyte for code in TERMINOLOGY.lab_codes("urea")}
    assert said["3091-6"] == "urea"
    assert said["3094-0"] == said["6299-2"] == "urea-nitrogen"


def test_estimates_with_a_race_term_are_recognised_and_ignored() -> None:
    """PIT-18: the value for Black patients is never used."""
    assert {code.loinc for code in TERMINOLOGY.lab_codes("egfr") if code.ignored} == {"48643-1", "88293-6"}


def test_codes_of_a_concept() -> None:
    assert TERMINOLOGY.codes("primary-hyperparathyroidism")[0] == Coding(
        SNOMED_CT, "36348003", TERMINOLOGY.codes("primary-hyperparathyroidism")[0].display
    )
    assert TERMINOLOGY.codes("bone-destruction") == ()
    assert "primary-hyperparathyroidism" in TERMINOLOGY.concepts
    assert "calcium-total" in TERMINOLOGY.labs
    assert "lab-calcium-total" not in TERMINOLOGY.concepts


ICD_CODES = sorted(
    {coding.code for each in TERMINOLOGY.concepts for coding in TERMINOLOGY.codes(each) if "icd-10" in coding.system}
)


@given(st.sampled_from(ICD_CODES), st.booleans(), st.booleans(), st.sampled_from([ICD_10, ICD_10_CM]))
def test_icd_spelling_never_changes_the_answer(code: str, lower: bool, without_dot: bool, system: str) -> None:
    written = code.replace(".", "") if without_dot else code
    written = written.lower() if lower else written
    assert needs_text(system, written) == needs_text(system, code)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_system_and_code_has_an_answer(system: str, code: str) -> None:
    assert TERMINOLOGY.match(system, code) == ()
    assert TERMINOLOGY.laboratory(system, code) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds.fhir.terminology._REMEMBERED", 10)
    terminology = Terminology.load(folder("profiles"))
    for number in range(100):
        terminology.match(SNOMED_CT, str(number))
    assert len(terminology._remembered) <= 10
    assert terminology.match(ICD_10, "L94.2") == TERMINOLOGY.match(ICD_10, "L94.2")


# ------------------------------------------------------------------------------------------------ loading


def value_set(name: str, *includes: Lay, **more: Any) -> Lay:
    return {"resourceType": "ValueSet", "id": name, "compose": {"include": list(includes)}, **more}


def include(system: str, *codes: str) -> Lay:
    return {"system": system, "concept": [{"code": code} for code in codes]}


def put(folder: Path, *value_sets: Lay) -> Path:
    naming = {"resourceType": "NamingSystem", "uniqueId": [{"type": "uri", "value": SNOMED_CT, "preferred": True}]}
    for kind, name, resource in [
        ("namingsystems", "sct", naming),
        *(("valuesets", each["id"], each) for each in value_sets),
    ]:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"{name}.json").write_text(json.dumps(resource))
    return folder


def test_a_site_lays_its_files_over_ours(tmp_path: Path) -> None:
    put(tmp_path, value_set("phlebolith", include(SNOMED_CT, "1")), value_set("new", include(SNOMED_CT, "2")))
    terminology = Terminology.load(folder("profiles"), tmp_path)
    assert [match.concept for match in terminology.match(SNOMED_CT, "1")] == ["phlebolith"]
    assert terminology.match(ICD_10, "I87.8") == ()
    assert [match.concept for match in terminology.match(SNOMED_CT, "2")] == ["new"]
    assert terminology.match(ICD_10, "L94.2") == TERMINOLOGY.match(ICD_10, "L94.2")


def test_a_site_names_its_own_code_systems() -> None:
    terminology = Terminology.load(folder("profiles"), names={"urn:local:diagnoses": ICD_10})
    assert terminology.match("urn:local:diagnoses", "L94.2") == TERMINOLOGY.match(ICD_10, "L94.2")


def test_a_code_whose_verification_nobody_stated_counts_least(tmp_path: Path) -> None:
    terminology = Terminology.load(put(tmp_path, value_set("x", include(SNOMED_CT, "1"))))
    assert terminology.match(SNOMED_CT, "1")[0].tier == "C"


def test_the_longest_entry_decides_whether_words_are_needed(tmp_path: Path) -> None:
    extension = [{"url": "https://elsewhere.example/StructureDefinition/needs-text", "valueBoolean": True}]
    category = {
        "system": ICD_10,
        "filter": [{"property": "concept", "op": "is-a", "value": "M79"}],
        "extension": extension,
    }
    terminology = Terminology.load(put(tmp_path, value_set("x", include(ICD_10, "M79.3"), category)))
    assert terminology.match(ICD_10, "M79.8")[0].needs_text
    assert not terminology.match(ICD_10, "M79.3")[0].needs_text


def test_an_expansion_adds_codes_but_does_not_overrule_compose(tmp_path: Path) -> None:
    contains = [{"system": SNOMED_CT, "abstract": True, "code": "7", "contains": [{"system": SNOMED_CT, "code": "2"}]}]
    contains.append({"system": SNOMED_CT, "code": "1"})
    terminology = Terminology.load(
        put(tmp_path, value_set("x", include(SNOMED_CT, "1"), expansion={"contains": contains}))
    )
    assert [terminology.match(SNOMED_CT, code)[0].tier for code in ("1", "2")] == ["C", "A"]
    assert terminology.match(SNOMED_CT, "7") == ()
    assert [coding.code for coding in terminology.codes("x")] == ["1", "2"]


def test_descendants_of_snomed_need_an_expansion(tmp_path: Path) -> None:
    category = {"system": SNOMED_CT, "filter": [{"property": "concept", "op": "is-a", "value": "1"}]}
    with pytest.raises(Mistakes, match=r"valuesets/x\.json:1: .*needs an expansion"):
        Terminology.load(put(tmp_path, value_set("x", category)))
    contains = [{"system": SNOMED_CT, "code": "2"}]
    terminology = Terminology.load(put(tmp_path, value_set("x", category, expansion={"contains": contains})))
    assert terminology.match(SNOMED_CT, "2")[0].concept == "x"


def test_a_laboratory_code_belongs_to_one_test(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="2000-8 belongs to another laboratory test"):
        Terminology.load(
            put(tmp_path, value_set("lab-a", include(LOINC, "2000-8")), value_set("lab-b", include(LOINC, "2000-8")))
        )


def test_every_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    put(tmp_path, value_set("good", include(SNOMED_CT, "1")))
    (tmp_path / "valuesets" / "bad.json").write_text('{\n  "id": oops\n}')
    (tmp_path / "valuesets" / "worse.json").write_text("")
    with pytest.raises(Mistakes) as raised:
        Terminology.load(tmp_path)
    assert [(mistake.file, mistake.line) for mistake in raised.value.mistakes] == [
        ("valuesets/bad.json", 2),
        ("valuesets/worse.json", 1),
    ]


@pytest.mark.parametrize("broken", [{"id": "x"}, {"id": "x", "compose": {"include": [{"concept": []}]}}])
def test_a_value_set_that_says_nothing_is_a_mistake(tmp_path: Path, broken: Lay) -> None:
    with pytest.raises(Mistakes, match=r"valuesets/x\.json:1: cannot be read as a value set"):
        Terminology.load(put(tmp_path, broken))


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="there is no JSON file"):
        Terminology.load(tmp_path)
