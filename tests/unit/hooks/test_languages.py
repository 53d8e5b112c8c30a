from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.hooks.languages import Language, preferred

TABLE: list[tuple[str, Language]] = [
    ("fr", "fr"),
    ("fr-CH", "fr"),
    ("FR-ca", "fr"),
    ("en-GB", "en"),
    ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
    ("en;q=0.5, fr;q=0.9", "fr"),
    ("fr;q=0.4,en;q=0.5", "en"),
    ("fr ; q=1.0 , en", "fr"),
    ("en, fr", "en"),
    ("de, fr;q=0.1", "fr"),
    ("fr;q=0, en;q=0.1", "en"),
    ("fr;q=high, en;q=0.1", "en"),
    ("fr;q=7, en;q=0.1", "en"),
    ("fr;level=1;q=0.2, en;q=0.1", "fr"),
]


@pytest.mark.parametrize(("header", "language"), TABLE)
def test_the_header_decides(header: str, language: Language) -> None:
    assert preferred(header, "en") == language
    assert preferred(header, "fr") == language


@pytest.mark.parametrize("header", ["", "de", "*", "de-CH, it;q=0.9", ";;,,", "fr;q=0", "frisian", "eng"])
def test_the_setting_decides_where_the_header_names_neither(header: str) -> None:
    assert preferred(header, "en") == "en"
    assert preferred(header, "fr") == "fr"


@given(st.text())
def test_any_header_is_survived(header: str) -> None:
    assert preferred(header, "fr") in ("en", "fr")
