from __future__ import annotations

import pytest

from tests.words import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C4b,s", ("C4b",)),
        ("C4bS", ("C4b",)),
        ("C2,3,4b", ("C2", "C3", "C4b")),
        ("C6,r", ("C6r",)),
        ("C6r", ("C6r",)),
        ("C2r,s", ("C2r",)),
        ("C0A", ("C0A",)),
        ("C0s", ("C0S",)),
        ("C0,a", ("C0A",)),
        ("C0", ("C0",)),
        ("C3 s", ("C3",)),
        ("C5 Ep As Pr", ("C5",)),
        ("C4a + C5", ("C4a", "C5")),
        ("4b", ("C4b",)),
        ("classe 3", ("C3",)),
        ("C9", ()),
        ("not done", ()),
        ("pas de C4", ()),
        ("3.5", ()),
    ],
)
def test_a_value_named_ceap(text: str, expected: tuple[str, ...]) -> None:
    assert language().ceap(text, named=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CEAP C4b", ("C4b",)),
        ("Insuffisance veineuse CEAP : C3", ("C3",)),
        ("Stade C5 de la CEAP.", ("C5",)),
        ("CEAP class 2", ("C2",)),
        ("CEAP 4a bilatérale", ("C4a",)),
        ("CEAP à préciser", ()),
        ("Complément C3 et C4 normaux.", ()),
        ("Arthrose C5-C6. CEAP non faite.", ()),
        ("Hépatite C", ()),
        ("Complément C3. CEAP C2.", ("C2",)),
    ],
)
def test_any_other_text_only_beside_the_name(text: str, expected: tuple[str, ...]) -> None:
    assert language().ceap(text, named=False) == expected
