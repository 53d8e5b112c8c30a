"""Which classes a medicine belongs to: ATC, else RxNorm, else its names (ACC-7, item 8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.data import folder
from cds.fhir.medicines import Medicines
from cds.fhir.terminology import ATC, RXNORM, Terminology
from cds.reasoning.chart import Coding
from cds.reasoning.knowledge.medicines import MedicineClass, MedicinesChapter, NamedMedicine
from cds.reasoning.knowledge.reading import read_chapter

CHAPTER = read_chapter(MedicinesChapter, "medicines", [folder("rules")])
TERMINOLOGY = Terminology.load(folder("profiles"))
MEDICINES = Medicines(CHAPTER, TERMINOLOGY)

CALCIUM = {"calcium-salts", "absorbable-alkali-antacids"}


def concepts(*codings: Coding, texts: tuple[str, ...] = (), route: str = "") -> set[str]:
    return {match.concept for match in MEDICINES.recognise(codings, texts, route)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Calcium carbonate 1250 MG Oral Tablet", CALCIUM),
        ("CARBONATE DE CALCIUM 500mg", CALCIUM),
        ("Calcium 500 mg", {"calcium-salts"}),
        ("Acétate de calcium", {"calcium-salts", "phosphate-binders"}),
        ("Orocal vitamine D3 500 mg/200 UI", CALCIUM | {"vitamin-d-supplement"}),
        ("Adcal-D3", {"calcium-salts", "vitamin-d-supplement", "absorbable-alkali-antacids"}),
        ("Caltrate + D", CALCIUM | {"vitamin-d-supplement"}),
        ("colécalciférol 100 000 UI, ampoule buvable", {"vitamin-d-supplement"}),
        ("vit. D 400", {"vitamin-d-supplement"}),
        ("VITAMINE D3 BON", {"vitamin-d-supplement"}),
        ("Un-Alfa 1 µg", {"active-vitamin-d", "vitamin-d-supplement"}),
        ("Hydrochlorothiazide 25 MG / Losartan 100 MG", {"thiazides"}),
        ("périndopril/indapamide 4 mg", {"thiazides"}),
        ("losartan HCT 100/25 mg", {"thiazides"}),
        ("Exforge HCT", {"thiazides", "calcium-channel-blocker"}),
        ("Exforge 5 mg/80 mg", {"calcium-channel-blocker"}),
        ("Triplixam", {"thiazides", "calcium-channel-blocker"}),
        ("Préviscan 20 mg", {"vitamin-k-antagonist"}),
        ("previscan", {"vitamin-k-antagonist"}),
        ("AVK", {"vitamin-k-antagonist"}),
        ("warfarin sodium 5 MG Oral Tablet [Coumadin]", {"vitamin-k-antagonist"}),
        ("Solu-Médrol 40 mg", {"systemic-glucocorticoid"}),
        ("Solu Medrol", {"systemic-glucocorticoid"}),
        ("Nadroparine calcique 0,3 mL sous-cutanée", {"calcium-heparin"}),
        ("Calciparine", {"calcium-heparin"}),
        ("Gluconate de calcium 10 % injectable", {"parenteral-calcium"}),
        ("CaCl2 IV", {"parenteral-calcium"}),
        ("Normacol lavement", {"sodium-phosphate-laxative"}),
        ("Fleet enema", {"sodium-phosphate-laxative"}),
        ("Dio 600 mg", {"venotonics"}),
        ("dobésilate de calcium", {"venotonics"}),
        ("Téralithe LP 400", {"lithium"}),
    ],
)
def test_names(text: str, expected: set[str]) -> None:
    assert set(MEDICINES.by_name(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "atorvastatin calcium 40 MG",  # PIT-26
        "rosuvastatine calcique",
        "calcium channel blocker",
        "inhibiteur calcique",
        "Antagonistes du calcium",
        "folinate de calcium 50 mg",
        "lévofolinate de calcium",
        "polystyrène sulfonate de calcium",
        "calcium polystyrene sulfonate",
        "acamprosate calcium",
        "HCT",  # haematocrit
        "colesevelam",
        "Ibsrela",
        "Aldactone 25 mg",
        "dio",
        "dio 600 mg",
        "Dio",
        "Normacol granulés",
        "hydrocortisone 1 % crème",
        "Diprosone (bétaméthasone) pommade",
        "dexamethasone eye drops",
        "calcitriol ointment",
        "tretinoin 0.05% cream",
        "lithium heparin tube",
        "gluconate de lithium gel (Lithioderm)",
        "héparine sodique",
        "bicarbonate de sodium 1,4 % perfusion",
        "CD3 antibody",
        "25-OH vitamine D",
        "dexamethasone sodium phosphate 4 mg/mL eye drops",
        "PTH",
    ],
)
def test_names_that_mean_something_else(text: str) -> None:
    assert MEDICINES.by_name(text) == ()


def test_a_salt_of_another_medicine_is_no_phosphate() -> None:
    assert MEDICINES.by_name("dexamethasone sodium phosphate 4 mg/mL") == ("systemic-glucocorticoid",)
    assert MEDICINES.by_name("sodium phosphate") == ("sodium-phosphate-laxative",)


def test_whole_words_only() -> None:
    assert MEDICINES.by_name("methylprednisolone") == ("systemic-glucocorticoid",)
    assert MEDICINES.by_name("prednisoloneX") == ()
    assert MEDICINES.by_name("Xindapamide") == ()


def test_the_route_tells_injected_calcium_from_swallowed() -> None:
    assert MEDICINES.by_name("gluconate de calcium", "voie intraveineuse") == ("parenteral-calcium",)
    assert MEDICINES.by_name("gluconate de calcium", "voie orale") == ("calcium-salts",)
    assert MEDICINES.by_name("gluconate de calcium") == ("calcium-salts",)
    assert MEDICINES.by_name("calcium gluconate, CRRT circuit", "intravenous") == ()
    assert MEDICINES.by_name("hydrocortisone", "voie cutanée") == ()


EVERY_NAME = [
    (each, medicine, name) for each in CHAPTER.classes for medicine in each.medicines for name in medicine.all_names
]


@given(st.sampled_from(EVERY_NAME), st.booleans())
def test_every_name_is_found(entry: tuple[MedicineClass, NamedMedicine, str], upper: bool) -> None:
    within, medicine, name = entry
    beside = " 25 mg" if medicine.needs_dose else ""
    if medicine.only_with:
        beside = {"normacol-enema": " enema"}.get(medicine.id, " ampoule")
    written = name.upper() if upper and not medicine.as_written else name
    assert set(MEDICINES.by_name(f"{written}{beside}")) >= {within.id, *medicine.also}


@given(st.text(max_size=60), st.text(max_size=10))
def test_any_text_has_an_answer(text: str, route: str) -> None:
    assert MEDICINES.by_name(text, route) == MEDICINES.by_name(text, route)


def test_atc_before_rxnorm_before_names() -> None:
    lithium, warfarin = Coding(ATC, "N05AN01"), Coding(RXNORM, "11289")
    assert concepts(lithium, warfarin, texts=("prednisone",)) == {"lithium"}
    assert concepts(warfarin, texts=("prednisone",)) == {"vitamin-k-antagonist"}
    assert concepts(texts=("prednisone",)) == {"systemic-glucocorticoid"}


def test_an_atc_code_decides_even_when_it_belongs_to_no_class() -> None:
    assert concepts(Coding(ATC, "C09AA02"), texts=("Co-Renitec",)) == set()
    assert concepts(Coding(ATC, "C09"), texts=("Co-Renitec",)) == {"thiazides"}


def test_an_unlisted_rxnorm_code_says_nothing() -> None:
    assert concepts(Coding(RXNORM, "1"), texts=("Prednisone 5 MG",)) == {"systemic-glucocorticoid"}
    assert concepts(Coding("http://www.example.org/drugs", "1"), texts=("Prednisone",)) == {"systemic-glucocorticoid"}


def test_a_shared_atc_code_counts_only_with_words() -> None:
    heparin = Coding(ATC, "B01AB01", "heparin")
    assert concepts(heparin, texts=("Héparine sodique 5000 UI",)) == set()
    assert concepts(heparin) == set()
    assert concepts(heparin, texts=("Héparine calcique 5000 UI",)) == {"calcium-heparin"}
    assert concepts(heparin, texts=("Calciparine",)) == {"calcium-heparin"}
    assert concepts(Coding(ATC, "C10BX03"), texts=("atorvastatin and amlodipine",)) == {"calcium-channel-blocker"}
    assert concepts(Coding(ATC, "C10BX03"), texts=("atorvastatin and perindopril",)) == set()
    assert concepts(Coding(ATC, "A06AG20"), texts=("lavement aux phosphates",)) == {"sodium-phosphate-laxative"}


def test_matches_say_what_they_rest_on() -> None:
    (coded,) = MEDICINES.recognise([Coding(ATC, "B01AB06", "nadroparin")], ["Fraxiparine"])
    assert (coded.concept, coded.coding, coded.tier, coded.needs_text) == (
        "calcium-heparin",
        Coding(ATC, "B01AB06", "nadroparin"),
        "title",
        False,
    )
    (named,) = MEDICINES.recognise([], ["Fraxiparine"])
    assert (named.concept, named.coding) == ("calcium-heparin", Coding("", "", "Fraxiparine"))


def test_several_texts_add_up() -> None:
    assert concepts(texts=("Indapamide", "Amlodipine")) == {"thiazides", "calcium-channel-blocker"}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds.fhir.medicines._REMEMBERED", 10)
    medicines = Medicines(CHAPTER, TERMINOLOGY)
    for number in range(50):
        medicines.by_name(f"medicine {number}")
    medicines.by_name("x" * 1000)
    assert len(medicines._remembered) <= 10
    assert all(len(text) <= 120 for text, _ in medicines._remembered)
