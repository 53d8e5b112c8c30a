from __future__ import annotations

import pytest

from cds.fhir.server.breaker import Breaker, Closed, Open, Probing, State

BREAKER = Breaker(failures=3, pause=30)


@pytest.mark.parametrize(
    ("state", "now", "admitted"),
    [
        (Closed(), 0, Closed()),
        (Closed(2), 0, Closed(2)),
        (Open(until=30), 29.9, None),
        (Open(until=30), 30, Probing(until=60)),
        (Probing(until=60), 31, None),
        (Probing(until=60), 60, Probing(until=90)),  # nobody heard of the first one again
    ],
)
def test_what_goes_through(state: State, now: float, admitted: State | None) -> None:
    assert BREAKER.admit(state, now) == admitted


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (Closed(), Closed(1)),
        (Closed(1), Closed(2)),
        (Closed(2), Open(until=130)),
        (Open(until=110), Open(until=110)),
        (Probing(until=110), Open(until=130)),
    ],
)
def test_what_a_failure_changes(state: State, after: State) -> None:
    assert BREAKER.failed(state, 100) == after


def test_an_answer_closes_it() -> None:
    assert BREAKER.answered() == Closed()
