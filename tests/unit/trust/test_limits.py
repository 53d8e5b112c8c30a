"""A client calls as often as was agreed."""

from __future__ import annotations

import pytest

from cds.errors import TooManyRequests, answer
from cds.trust.limits import Limit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_with_twice_as_many_at_once() -> None:
    clock = Clock()
    limit = Limit(5, 1000, clock)
    for _ in range(10):
        limit.enter()
    with pytest.raises(TooManyRequests) as refused:
        limit.enter()
    assert dict(answer(refused.value).headers)["retry-after"] == "1"
    clock.now += 1
    for _ in range(5):
        limit.enter()
    with pytest.raises(TooManyRequests):
        limit.enter()


def test_a_slow_rate_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = Limit(0.1, 10, clock)
    limit.enter()
    clock.now += 3
    with pytest.raises(TooManyRequests) as refused:
        limit.enter()
    assert refused.value.wait == 7
    clock.now += 7
    limit.enter()


def test_so_many_at_a_time() -> None:
    limit = Limit(1000, 2, Clock())
    limit.enter()
    limit.enter()
    with pytest.raises(TooManyRequests):
        limit.enter()
    limit.leave()
    limit.enter()
