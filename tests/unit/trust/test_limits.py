"""A client calls as often as was agreed."""

from __future__ import annotations

import multiprocessing

import pytest

from cds.errors import TooManyRequests, answer
from cds.trust.accounts import Accounts
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


def test_processes_count_together_also_for_a_client_that_was_added_later() -> None:
    """Nothing is lost where they count at the same time."""
    accounts = Accounts()
    calls, processes = 2000, 4

    def work() -> None:
        accounts.of("https://another.example", "")
        limit = Limit(1e6, calls * processes, Clock(), accounts.of("https://metz.example", "north"))
        for number in range(calls):
            limit.enter()
            if number % 2:
                limit.leave()

    fork = multiprocessing.get_context("fork")
    working = [fork.Process(target=work) for _ in range(processes)]
    for each in working:
        each.start()
    for each in working:
        each.join(timeout=60)
        assert each.exitcode == 0
    with accounts.of("https://metz.example", "north") as used:
        assert (used.spent, used.running) == (calls * processes, calls * processes / 2)
    with accounts.of("https://metz.example", "") as used:
        assert (used.spent, used.running) == (0, 0)


def test_where_there_is_no_place_left_clients_share_one() -> None:
    accounts = Accounts(2)
    limits = [Limit(1, 1, Clock(), accounts.of(f"https://{name}.example")) for name in ("metz", "nancy", "toul")]
    for each in limits[:2]:
        each.enter()
    with pytest.raises(TooManyRequests):
        limits[2].enter()
