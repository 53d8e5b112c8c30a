"""Every sentence of sentences.yaml is judged right, however it is typed and whatever stands beside it (TRG-2)."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.words import language

SENTENCES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text("utf-8"))[
    "sentences"
]
PLAIN = {"œ": "oe", "Œ": "Oe", "’": "'"}
UNRELATED = {
    "en": ("The heart is of normal size.", "Known diabetes.", "Dr. Martin was informed.", "Weight 72.5 kg."),
    "fr": ("Silhouette cardiaque normale.", "Diabète connu.", "Le Dr. Martin est informé.", "Poids 72,5 kg."),
}


def without_accents(text: str) -> str:
    for written, plain in PLAIN.items():
        text = text.replace(written, plain)
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


TYPINGS = {
    "upper case": str.upper,
    "lower case": str.lower,
    "no accents": without_accents,
    "decomposed accents": lambda text: unicodedata.normalize("NFD", text),
    "curly apostrophes": lambda text: text.replace("'", "’"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "double spaces": lambda text: text.replace(" ", "  "),
    "tabs": lambda text: text.replace(" ", "\t"),
    "surrounded": lambda text: f"  {text}  ",
}


def said(text: str) -> list[bool]:
    """Of every calcified sentence, whether it is only a suspicion."""
    return [each.hypothetical for each in language().calcified(text)]


def expected(row: dict[str, Any]) -> list[bool]:
    return [bool(row.get("doubt"))] if row["counts"] else []


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["sentence"])
def test_is_judged_right(row: dict[str, Any]) -> None:
    assert said(row["sentence"]) == expected(row), row["why"]


def test_there_are_enough_of_each_kind() -> None:
    counted = Counter((row["lang"], row["counts"]) for row in SENTENCES)
    assert all(counted[lang, counts] >= 40 for lang in ("en", "fr") for counts in (True, False)), counted
    assert len({row["sentence"] for row in SENTENCES}) == len(SENTENCES)


@given(row=st.sampled_from(SENTENCES), typings=st.lists(st.sampled_from(sorted(TYPINGS)), min_size=1, max_size=3))
def test_typing_changes_nothing(row: dict[str, Any], typings: list[str]) -> None:
    text = row["sentence"]
    for typing in typings:
        text = TYPINGS[typing](text)
    assert said(text) == expected(row)


@pytest.mark.parametrize("typing", sorted(TYPINGS))
def test_no_typing_changes_any_sentence(typing: str) -> None:
    wrong = [row for row in SENTENCES if said(TYPINGS[typing](row["sentence"])) != expected(row)]
    assert not wrong


@given(
    row=st.sampled_from(SENTENCES),
    before=st.lists(st.integers(0, 3), max_size=2),
    after=st.lists(st.integers(0, 3), max_size=2),
    joint=st.sampled_from([" ", "\n", "\n\n", "\r\n"]),
)
def test_unrelated_sentences_change_nothing(
    row: dict[str, Any], before: list[int], after: list[int], joint: str
) -> None:
    unrelated = UNRELATED[row["lang"]]
    text = joint.join([*(unrelated[i] for i in before), row["sentence"], *(unrelated[i] for i in after)])
    assert said(text) == expected(row)


@given(rows=st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8))
def test_a_report_says_what_its_sentences_say(rows: list[dict[str, Any]]) -> None:
    assert said("\n".join(row["sentence"] for row in rows)) == [doubt for row in rows for doubt in expected(row)]
