"""What is written the same way in resource after resource is decoded once, not once per resource.

A chart of hundreds of Observations holds a handful of distinct codes, interpretations and reference ranges, each of
which is written in the same bytes every time. Such members stay JSON text when a resource is decoded; what the text
says is looked up here. None of it is about a patient.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

import msgspec

__all__ = ["UNREADABLE", "Remembered", "Unreadable", "decoded", "without_nulls"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

UNREADABLE: Final = (ValueError, RecursionError)
"""What decoding raises: the errors of msgspec and UnicodeDecodeError are ValueErrors."""

_PLAIN: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


class Unreadable(Exception):  # noqa: N818 - it is what the text is
    """The text is not the member that it should be; its resource cannot be read (invariant 8)."""


class Remembered(dict[K, V]):
    """What `learn` says, remembered: `remembered[key]` never raises a KeyError, and costs no call when it is known."""

    __slots__ = ("_keep", "_learn", "_most")

    def __init__(
        self, learn: Callable[[K], V], *, most: int = 8192, keep: Callable[[K], bool] = lambda _: True
    ) -> None:
        """At most `most` answers are remembered, and only those to which `keep` agrees: sentences are not worth it."""
        super().__init__()
        self._learn = learn
        self._most = most
        self._keep = keep

    def __missing__(self, key: K) -> V:
        value = self._learn(key)
        if self._keep(key):
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value


def decoded(decoder: msgspec.json.Decoder[V], text: bytes) -> V:
    """What `decoder` makes of `text` as it is, or else without the nulls in its arrays. Raises Unreadable."""
    try:
        return decoder.decode(text)
    except UNREADABLE:
        pass
    try:
        return decoder.decode(msgspec.json.encode(without_nulls(_PLAIN.decode(text))))
    except UNREADABLE:
        raise Unreadable from None


def without_nulls(value: Any) -> Any:
    """`value` without the nulls that stand in arrays (FHIR's place for a primitive that has only an extension)."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_nulls(each) for each in value if each is not None]
    return value
