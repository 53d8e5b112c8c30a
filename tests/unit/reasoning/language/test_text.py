from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.reasoning.language.text import fold, sentences


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Œdème", "oedeme"),
        ("oedema", "edema"),
        ("Haemodialysis", "hemodialysis"),
        ("mineralized", "minéralisé"[:10] + "d"),
        ("tumour", "TUMOR"),
        ("d’Ehlers–Danlos", "d'Ehlers-Danlos"),
        ("≥ 5 cm", ">= 5 cm"),
        ("soft\u00adtissue", "softtissue"),
        ("e\u0301", "é"),
    ],
)
def test_spellings_meet(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_sign_without_a_plain_form_stays() -> None:
    assert fold("Ω β") == "ω β"


@given(st.text(max_size=40))
def test_folding_twice_is_folding_lower_case_text(text: str) -> None:
    assert fold(fold(text)).isascii() or not text.isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   \n ", []),
        ("Une phrase", ["Une phrase"]),
        ("Une phrase. Une autre!", ["Une phrase.", "Une autre!"]),
        ("Masse de 7.5 cm.", ["Masse de 7.5 cm."]),
        ("Vu par le Dr. Martin hier. Calcification.", ["Vu par le Dr. Martin hier.", "Calcification."]),
        ("Masse de 7 cm. de diamètre.", ["Masse de 7 cm. de diamètre."]),
        ("Masse de 7 cm. Calcifications.", ["Masse de 7 cm.", "Calcifications."]),
        ("Filariose à W. bancrofti.", ["Filariose à W. bancrofti."]),
        ("Hypervitaminose D. Calcinose.", ["Hypervitaminose D.", "Calcinose."]),
        ("Calcinose ? Lupus.", ["Calcinose ?", "Lupus."]),
        ("Pas de fracture\nCalcifications sous-cutanées", ["Pas de fracture", "Calcifications sous-cutanées"]),
        ("Pas de fracture\r\ncalcifications", ["Pas de fracture", "calcifications"]),
        ("... a", ["... a"]),
        ("? calcinose. Lupus.", ["? calcinose.", "Lupus."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


def test_a_line_that_was_only_wrapped_goes_on() -> None:
    text = "Radiographie de la jambe gauche de face et de profil : pas de\ncalcification des parties molles.\nFin."
    assert list(sentences(text)) == [text.removesuffix("\nFin."), "Fin."]


def test_a_bullet_begins_a_sentence_even_below_a_long_line() -> None:
    first = "- pas de fracture visible sur les deux incidences réalisées"
    assert list(sentences(f"{first}\n- calcifications")) == [first, "- calcifications"]
