"""What the cases cannot tell: the trace, the proposals, the sources, and signs that come from nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cds.reasoning.conclusions import Conclusion, Text
from cds.reasoning.facts import Facts
from cds.reasoning.venous import context, staging
from cds.reasoning.venous.stage import sign_row
from cds.reasoning.venous.ulcer import unhealed
from tests.unit.reasoning.venous.charts import CASES, Case
from tests.unit.reasoning.venous.test_cases import concluded, facts_of
from tests.unit.reasoning.venous.test_staging import sign

VENOUS = {"code": "ICD10|I87.2", "text": "Insuffisance veineuse"}
PATIENT = {"age": 60, "sex": "female"}


def patient(*conditions: Case, **more: Any) -> Case:
    return {"patient": PATIENT, "conditions": conditions, **more}


def stage_card(case: Case, now: datetime) -> Conclusion:
    return next(
        each.conclusion for each in concluded(case, facts_of(case, now)) if each.conclusion.card == "C-CVI-STAGE"
    )


def uncounted(facts: Facts) -> dict[str, str | None]:
    return {each.sign.id: each.uncounted for each in facts(staging).legs.readings}


def test_venous_context(now: datetime) -> None:
    assert context(facts_of(patient(VENOUS), now))
    assert not context(facts_of(patient({"text": "Jambes lourdes"}), now))


class TestTrace:
    """Which signs were ignored, and why."""

    @pytest.mark.parametrize(
        ("case", "sign_id", "why"),
        [
            ("P-02", "heavy-legs", "no-context"),
            ("P-05", "telangiectasia", "elsewhere"),
            ("P-06", "telangiectasia", "site-unknown"),
            ("P-17", "ankle-oedema", None),
            ("P-19", "ankle-oedema", "old"),
            ("P-35", "venous-eczema", "other-sign-in-words"),
            ("P-44", "leg-ulcer", "explained"),
            ("P-49", "lymphoedema", "not-severe"),
            ("P-50", "ankle-ankylosis", "no-trophic-sign"),
            ("P-55", "ankle-oedema", "undated"),
            ("P-57", "ankle-oedema", "negative"),
            ("P-63", "asymptomatic", "not-alone"),
            ("P-65", "leg-ulcer", "past"),
            ("P-88", "leg-ulcer", "superseded"),
            ("P-96", "ceap", "past"),
        ],
    )
    def test_says_why(self, case: str, sign_id: str, why: str | None, now: datetime) -> None:
        assert uncounted(facts_of(CASES[case], now)).get(sign_id) == why

    def test_an_earlier_sign_is_taken_away_by_a_later_examination(self, now: datetime) -> None:
        readings = facts_of(CASES["P-18"], now)(staging).legs.readings
        assert [(each.sign.severity, each.uncounted) for each in readings] == [
            ("marked", "superseded"),
            ("absent", "negative"),
        ]

    def test_names_what_explains_an_oedema(self, now: datetime) -> None:
        (reading,) = (each for each in facts_of(CASES["P-74"], now)(staging).legs.readings if each.uncounted)
        assert reading.cause == Text("nephrotic syndrome", "syndrome néphrotique")


class TestStageCard:
    def test_tells_both_legs_apart(self, now: datetime) -> None:
        card = stage_card(CASES["P-11"], now)
        assert (
            Text(
                "Left leg: not stageable; right leg: stage 3.",
                "Jambe gauche : non stadifiable ; jambe droite : stade 3.",
            )
            in card.notes
        )

    def test_gives_the_original_class(self, now: datetime) -> None:
        card = stage_card(CASES["P-67"], now)
        assert card.values["n"] == Text("2-4", "2-4")
        assert card.values["original"] == Text("1-3", "1-3")

    def test_says_what_it_did_not_count(self, now: datetime) -> None:
        card = stage_card(CASES["P-75"], now)
        said = "Not counted: oedema of the ankle or leg (another cause is present: albumin below 25 g/L)."
        assert said in [each.en for each in card.notes]

    @pytest.mark.parametrize(
        ("case", "decisions"),
        [
            ("P-21", ("D-6",)),
            ("P-09", ("D-6", "D-8")),
            ("P-31", ("D-6", "D-7", "D-8")),
            ("P-60", ("D-6", "D-9")),
            ("P-64", ("D-6", "D-10")),
            ("P-67", ("D-6", "D-16")),
        ],
    )
    def test_names_the_decisions_applied(self, case: str, decisions: tuple[str, ...], now: datetime) -> None:
        assert stage_card(CASES[case], now).decisions == decisions

    @pytest.mark.parametrize(("case", "certainty"), [("P-21", "confirmed"), ("P-09", "probable"), ("P-31", "possible")])
    def test_says_how_certain_it_is(self, case: str, certainty: str, now: datetime) -> None:
        assert stage_card(CASES[case], now).certainty == certainty

    def test_proposes_the_diagnosis_only_where_the_problem_list_lacks_it(self, now: datetime) -> None:
        listed = stage_card(CASES["P-21"], now)
        assert [each.key for each in listed.proposals] == ["porter-stage"]
        unlisted = stage_card(CASES["P-28"], now)
        assert [each.key for each in unlisted.proposals] == ["venous-insufficiency-stage", "porter-stage"]
        diagnosis, stage = unlisted.proposals
        assert diagnosis.stage_text == Text("Porter 1988 stage 3 of 4", "Porter 1988 stade 3/4")
        assert stage.stage == (3, 3)

    def test_shows_the_diagnosis_beside_the_signs(self, now: datetime) -> None:
        rows = stage_card(CASES["P-21"], now).evidence
        assert [str(each.source) for each in rows] == ["Condition/condition-2", "Condition/condition-1"]


def test_an_onset_is_not_known_of_a_sign_that_no_diagnosis_says(now: datetime) -> None:
    facts = facts_of(patient(VENOUS), now)
    assert unhealed(facts, facts(staging), sign("venous-ulcer", 4, 4, course="open")) is None


def test_a_sign_without_a_range_has_no_remark() -> None:
    assert sign_row(sign("lymphoedema", None, 4)._replace(span=None)).remark is None
    assert sign_row(sign("lymphoedema", None, 4)).remark == Text(
        "at most stage 4, never alone", "au plus stade 4, jamais seul"
    )


def test_the_order_of_the_record_changes_nothing(now: datetime) -> None:
    for name in ("P-116", "P-93", "P-154", "P-168"):
        case = CASES[name]
        facts = facts_of(case, now)
        turned = Facts(
            facts.chart._replace(problems=facts.chart.problems[::-1], reports=facts.chart.reports[::-1]),
            now,
            facts.knowledge,
            {key: value for key, value in facts._known.items() if key is not staging},
        )
        assert facts(staging).stage == turned(staging).stage
