"""Short words that were escaped before are remembered; it makes no difference to what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.cards.markdown import SHORT, escape


@pytest.mark.parametrize("words", ["Calcium", "a | b", "# no heading", "www.example.org", "1. item", "<b>"])
@pytest.mark.parametrize("more", [0, 1])
def test_short_and_long_words_are_escaped_alike(words: str, more: int) -> None:
    text = words.ljust(SHORT + more, "x")
    unpadded = escape(f"{words}x").removesuffix("x")
    assert escape(text) == unpadded + "x" * (len(text) - len(words))


@given(st.text(max_size=2 * SHORT))
def test_what_is_asked_twice_is_answered_alike(words: str) -> None:
    assert escape(words) == escape(words)


def test_a_shorter_limit_still_cuts() -> None:
    assert escape("word " * 10, 12) == "word word w…"
