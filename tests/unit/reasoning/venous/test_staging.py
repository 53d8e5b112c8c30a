"""From signs to a stage, on signs alone (CVI-1, D-8, D-9, D-16, ACC-6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cds.reasoning.chart import Moment, Ref
from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.porter import Span
from cds.reasoning.venous.staging import Legs, Reading, Sign, staged

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OEDEMA = Text("oedema", "œdème")


def ago(days: int) -> Moment:
    instant = NOW - timedelta(days=days)
    return Moment(instant, instant.date().isoformat())


def sign(name: str, low: int | None, high: int, *sides: str, place: int = 0, source: str = "1", **more: object) -> Sign:
    return Sign(name, place, OEDEMA, Ref("Condition", source), name, Span(low, high), sides=frozenset(sides), **more)  # type: ignore[arg-type]


def stage(*signs: Sign, context: bool = True, highest: tuple[tuple[frozenset[str], int], ...] = ()) -> Legs:
    return staged([Reading(each) for each in signs], context=context, highest=highest)


def uncounted(legs: Legs) -> dict[str, str | None]:
    return {each.sign.id: each.uncounted for each in legs.readings}


def test_the_highest_of_the_lowest_and_the_highest_of_the_highest_stage_count() -> None:
    legs = stage(sign("oedema", 2, 3), sign("fibrosis", 3, 3), sign("eczema", 3, 4))
    assert (legs.low, legs.high) == (3, 4)


def test_no_sign_no_stage() -> None:
    legs = stage()
    assert (legs.low, legs.high, legs.worst) == (None, 0, ())


def test_an_unknown_side_is_both_legs() -> None:
    legs = stage(sign("oedema", 2, 3))
    assert [(each.low, each.high) for each in legs.limbs] == [(2, 3), (2, 3)]


def test_the_patient_is_staged_by_the_worst_leg() -> None:
    legs = stage(sign("oedema", 2, 2, "left"), sign("ulcer", 4, 4, "right"))
    assert [(each.side, each.low) for each in legs.limbs] == [("left", 2), ("right", 4)]
    assert (legs.low, legs.high) == (4, 4)
    assert [each.side for each in legs.worst] == ["right"]


def test_the_other_leg_may_hold_the_upper_end() -> None:
    legs = stage(sign("eczema", 2, 4, "left"), sign("fibrosis", 3, 3, "right"))
    assert (legs.low, legs.high) == (3, 4)


def test_without_venous_context_a_sign_that_needs_one_does_not_count() -> None:
    legs = stage(sign("oedema", 2, 3), context=False)
    assert legs.low is None
    assert uncounted(legs) == {"oedema": "no-context"}


def test_a_sign_that_says_venous_disease_needs_no_other_context() -> None:
    assert stage(sign("fibrosis", 3, 3, needs_context=False), context=False).low == 3


def test_a_sign_without_a_lowest_stage_never_stages_alone() -> None:
    alone = stage(sign("lymphoedema", None, 4))
    assert (alone.low, alone.high) == (None, 0)
    beside = stage(sign("lymphoedema", None, 4), sign("varices", 2, 2))
    assert (beside.low, beside.high) == (2, 4)


def test_a_sign_that_gives_no_range_with_its_severity_does_not_count() -> None:
    legs = stage(sign("lymphoedema", None, 4)._replace(span=None), sign("varices", 2, 2))
    assert uncounted(legs)["lymphoedema"] == "not-severe"


def test_a_grade_of_the_diagnosis_raises_the_upper_end_only() -> None:
    legs = stage(sign("varices", 2, 3), highest=((frozenset(), 4),))
    assert (legs.low, legs.high) == (2, 4)


def test_a_grade_of_the_diagnosis_stages_nobody() -> None:
    assert stage(highest=((frozenset(), 4),)).low is None


def test_a_grade_of_one_leg_does_not_raise_the_other() -> None:
    legs = stage(sign("varices", 2, 2, "left"), highest=((frozenset({"right"}), 4),))
    assert (legs.low, legs.high) == (2, 2)


def test_ankylosis_needs_a_trophic_sign_on_the_same_leg() -> None:
    fixed = sign("ankylosis", 4, 4, "left", needs_trophic=True)
    alone = stage(fixed, sign("varices", 2, 2))
    assert alone.low == 2
    assert uncounted(alone)["ankylosis"] == "no-trophic-sign"
    assert stage(fixed, sign("ochre", 3, 3, "right", trophic=True)).low == 3
    assert stage(fixed, sign("ochre", 3, 3, "left", trophic=True)).low == 4
    assert stage(fixed, sign("ochre", 3, 3, trophic=True)).low == 4


def test_ankylosis_of_an_unknown_side_counts_where_the_trophic_sign_is() -> None:
    legs = stage(sign("ankylosis", 4, 4, needs_trophic=True), sign("ochre", 3, 3, "right", trophic=True))
    assert [each.low for each in legs.limbs] == [None, 4]
    assert uncounted(legs) == {"ankylosis": None, "ochre": None}


def test_a_less_precise_sign_yields_unless_the_precise_one_is_healed() -> None:
    ulcer = sign("leg-ulcer", 4, 4, yields_to="venous-ulcer", course="open")
    legs = stage(ulcer, sign("venous-ulcer", 4, 4, "left", course="open"))
    assert [len(each.signs) for each in legs.limbs] == [1, 1]
    both = stage(ulcer, sign("venous-ulcer", 4, 4, course="open"))
    assert uncounted(both)["leg-ulcer"] == "superseded"
    assert uncounted(stage(ulcer, sign("venous-ulcer", 4, 4, course="healed")))["leg-ulcer"] is None


def test_an_asymptomatic_statement_counts_only_alone() -> None:
    none = sign("asymptomatic", 1, 1, alone=True)
    assert stage(none).low == 1
    legs = stage(none, sign("heavy-legs", 2, 2))
    assert legs.low == 2
    assert uncounted(legs)["asymptomatic"] == "not-alone"


def test_a_sign_explained_otherwise_still_contradicts_an_asymptomatic_statement() -> None:
    readings = [Reading(sign("asymptomatic", 1, 1, alone=True)), Reading(sign("oedema", 2, 3), "explained", OEDEMA)]
    assert staged(readings, context=True).low is None


class TestOneSignSaidTwice:
    """ACC-6, CVI-1a: which datum still says something."""

    def test_a_graded_datum_answers_an_ungraded_one(self) -> None:
        legs = stage(sign("oedema", 2, 3), sign("oedema", 2, 2, graded=True, when=ago(10), source="2"))
        assert (legs.low, legs.high) == (2, 2)
        assert [each.uncounted for each in legs.readings] == ["superseded", None]

    def test_a_newer_ungraded_datum_opens_the_range_again(self) -> None:
        legs = stage(sign("oedema", 2, 3, when=ago(2)), sign("oedema", 2, 2, graded=True, when=ago(10), source="2"))
        assert (legs.low, legs.high) == (2, 3)

    def test_of_two_grades_the_newer_counts(self) -> None:
        legs = stage(
            sign("oedema", 3, 3, graded=True, when=ago(200)),
            sign("oedema", 2, 2, graded=True, when=ago(10), source="2"),
        )
        assert (legs.low, legs.high) == (2, 2)

    def test_without_grades_every_datum_counts(self) -> None:
        legs = stage(sign("oedema", 2, 3, when=ago(200)), sign("oedema", 2, 3, when=ago(10), source="2"))
        assert [each.uncounted for each in legs.readings] == [None, None]

    def test_of_one_leg_only(self) -> None:
        legs = stage(sign("oedema", 2, 3), sign("oedema", 2, 2, "left", graded=True, when=ago(10), source="2"))
        assert [(each.low, each.high) for each in legs.limbs] == [(2, 2), (2, 3)]


class TestAbsence:
    """A negative sign is a datum: it never stages, and a later one takes an earlier sign away."""

    absent = sign("oedema", 2, 3, severity="absent", when=ago(10), source="2")

    def test_a_negative_sign_never_stages(self) -> None:
        legs = stage(self.absent)
        assert legs.low is None
        assert uncounted(legs) == {"oedema": "negative"}

    @pytest.mark.parametrize(("days", "low"), [(200, None), (10, 2), (2, 2)])
    def test_only_an_earlier_sign_is_taken_away(self, days: int, low: int | None) -> None:
        assert stage(sign("oedema", 2, 3, when=ago(days)), self.absent).low == low

    def test_an_undated_problem_stands(self) -> None:
        assert stage(sign("oedema", 2, 3), self.absent).low == 2

    def test_a_healed_ulcer_stays(self) -> None:
        ulcer = sign("oedema", 4, 4, when=ago(200), lasting=True)
        assert stage(ulcer, self.absent).low == 4

    def test_of_the_other_leg_it_says_nothing(self) -> None:
        legs = stage(sign("oedema", 2, 3, "left", when=ago(200)), self.absent._replace(sides=frozenset({"right"})))
        assert legs.low == 2

    def test_of_another_sign_it_says_nothing(self) -> None:
        assert stage(sign("varices", 2, 3, when=ago(200)), self.absent).low == 2


def test_the_order_of_the_record_does_not_matter() -> None:
    signs = [
        sign("eczema", 3, 4, "left", place=2),
        sign("oedema", 2, 3, place=1, when=ago(5)),
        sign("ulcer", 4, 4, "right", place=3, source="9"),
    ]
    assert stage(*signs) == stage(*reversed(signs))


def test_the_stage_for_attribution_leaves_varicose_veins_out() -> None:
    legs = stage(sign("varices", 3, 3, "left", cause="weak"), sign("oedema", 2, 3, "left"))
    left, right = legs.limbs
    assert (left.low, left.cause_low) == (3, 2)
    assert right.cause_low == 0
