"""Text that is decoded once (invariant 8, memory bounded)."""

from __future__ import annotations

import msgspec
import pytest

from cds.fhir.written import Remembered, Unreadable, decoded

LIST: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)


def test_what_is_remembered_is_learnt_once_and_bounded() -> None:
    asked: list[str] = []

    def learn(key: str) -> str:
        asked.append(key)
        return key.upper()

    remembered = Remembered(learn, most=2, keep=lambda key: len(key) < 4)
    assert [remembered[key] for key in ("a", "a", "long", "long")] == ["A", "A", "LONG", "LONG"]
    assert asked == ["a", "long", "long"]
    for key in "bcdefg":
        assert remembered[key] == key.upper()
        assert len(remembered) <= 2


def test_what_cannot_be_learnt_is_not_remembered() -> None:
    remembered = Remembered(lambda text: decoded(LIST, text))
    for _ in range(2):
        with pytest.raises(Unreadable):
            remembered[b"7"]
    assert not remembered


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"null", None), (b"[]", []), (b'["a"]', ["a"]), (b'[null,"a",null]', ["a"])],
)
def test_nulls_in_arrays_are_nothing(text: bytes, value: object) -> None:
    assert decoded(LIST, text) == value


@pytest.mark.parametrize("text", [b"", b"{", b"7", b"[7]", b'["\\ud800"]', b'["\xff"]', b"[" * 100_000])
def test_what_is_something_else_is_unreadable(text: bytes) -> None:
    with pytest.raises(Unreadable):
        decoded(LIST, text)
