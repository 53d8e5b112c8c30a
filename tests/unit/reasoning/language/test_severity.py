from __future__ import annotations

import pytest

from tests.words import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mild", "mild"), ("Minor", "mild"), ("slight", "mild"), ("léger", "mild"), ("légère", "mild"), ("discrète", "mild"),
        ("mineur", "mild"), ("minime", "mild"), ("1+", "mild"), ("moderate", "moderate"), ("modérée", "moderate"), ("2+", "moderate"),
        ("severe", "marked"), ("marked", "marked"), ("gross", "marked"), ("franc", "marked"), ("franche", "marked"),
        ("important", "marked"), ("sévère", "marked"), ("majeur", "marked"), ("volumineuses", "marked"), ("3+", "marked"), ("4+", "marked"),
        ("absent", "absent"), ("none", "absent"), ("Aucun", "absent"), ("pas d'œdème", "absent"), ("no oedema", "absent"), ("œdème absent", "absent"),
        ("Varices volumineuses, dilatation franche des veines superficielles", "marked"),
        ("modéré à sévère", "moderate"), ("pas d'œdème important", "absent"),
        ("Œdème important, pas d'ulcère", "marked"),
        ("Radiographie de la cheville : pas de fracture.", None),
        ("Aucun trouble apparent", None), ("Œdème de cheville", None), ("", None), ("Fibrose sans ulcération", None),
    ],
)  # fmt: skip
def test_severity(text: str, expected: str | None) -> None:
    assert language().severity(text) == expected
