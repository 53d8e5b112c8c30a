from __future__ import annotations

from uuid import UUID

from cds.hooks.calls import Caller, Seen
from cds.hooks.requests import decode
from cds.memory.accounts import record
from cds.services import CALCIFICATION
from tests.unit.hooks.requests_by_hand import INSTANCE, body
from tests.unit.memory.records_by_hand import NOW


def test_what_was_asked_and_failed_leaves_a_record_too() -> None:
    seen = Seen(CALCIFICATION, caller=Caller("metz"), request=decode(body()), outcome="PreconditionFailed")
    made = record(seen, "pseudonym", "1+abc", NOW, 0.0015)
    assert (made.client, made.service, made.hook, made.instance) == ("metz", CALCIFICATION.id, "patient-view", INSTANCE)
    assert (made.patient, made.knowledge, made.at, made.duration) == ("pseudonym", "1+abc", NOW, 1500)
    assert (made.outcome, made.cards, made.prefetch) == ("PreconditionFailed", (), {})


def test_ids_are_fresh_and_in_the_order_of_time() -> None:
    seen = Seen(CALCIFICATION, request=decode(body()))
    ids = [record(seen, "", "", NOW + number // 100, 0).id for number in range(1000)]
    assert len(set(ids)) == len(ids)
    assert {UUID(each).version for each in ids} == {7}
    assert [each[:13] for each in ids] == sorted(each[:13] for each in ids)
