"""When two cards say the same (PIT-19)."""

from __future__ import annotations

import pytest

from cds.cards.identity import evidence_hash
from cds.reasoning.chart import Ref
from cds.reasoning.conclusions import Conclusion, Text, Value
from tests.unit.cards.cases import CALCIUM, CLASS_CARD, EGFR, METASTATIC, REPORT, answer

SAME = Conclusion("C-X", "R", evidence=(CALCIUM, EGFR, REPORT))


def test_order_and_repetition_of_the_evidence_play_no_part() -> None:
    assert evidence_hash(SAME) == evidence_hash(SAME._replace(evidence=(REPORT, CALCIUM, EGFR, CALCIUM)))


def test_wording_plays_no_part() -> None:
    worded = SAME._replace(
        notes=(Text("a", "b"),), evidence=tuple(each._replace(label=Text("x", "y")) for each in SAME.evidence)
    )
    assert evidence_hash(SAME) == evidence_hash(worded)


@pytest.mark.parametrize(
    "other",
    [
        SAME._replace(card="C-Y"),
        SAME._replace(variant="PROBABLE"),
        SAME._replace(evidence=(CALCIUM, EGFR)),
        SAME._replace(evidence=(CALCIUM._replace(value=Value(3.73, "mmol/L")), EGFR, REPORT)),
        SAME._replace(evidence=(CALCIUM._replace(value=Value(3.72, "mg/dL")), EGFR, REPORT)),
        SAME._replace(evidence=(CALCIUM._replace(value=Value(3.72, "mmol/L", 2, ">")), EGFR, REPORT)),
        SAME._replace(evidence=(CALCIUM._replace(source=Ref("Observation", "other")), EGFR, REPORT)),
        SAME._replace(evidence=(CALCIUM._replace(source=None), EGFR, REPORT)),
        SAME._replace(evidence=(CALCIUM, EGFR, REPORT._replace(value="other words"))),
    ],
)
def test_card_variant_and_evidence_do(other: Conclusion) -> None:
    assert evidence_hash(SAME) != evidence_hash(other)


def test_what_is_reckoned_with_the_clock_counts_as_it_is_seen() -> None:
    def since(years: float) -> str:
        return evidence_hash(SAME._replace(evidence=(EGFR._replace(source=None, value=Value(years, "a", 0)),)))

    assert since(6.16) == since(6.24) != since(7.01)


def test_what_was_not_seen_counts_in_any_order() -> None:
    assert evidence_hash(SAME, ["a", "b"]) == evidence_hash(SAME, ["b", "a"]) != evidence_hash(SAME, ["a"])


def test_hash_is_pinned() -> None:
    """A change here shows every card again that was dismissed: say so in the changelog."""
    assert evidence_hash(CLASS_CARD) == "d729f759498a9197faacea57ef7fa9a5c236e020d57dac1275b7fce41b03aba3"


def test_hash_is_the_same_in_both_languages() -> None:
    english, french = (answer(METASTATIC, language=language).cards for language in ("en", "fr"))
    assert [each.extension["calcification-cds.card"]["evidenceHash"] for each in english] == [
        each.extension["calcification-cds.card"]["evidenceHash"] for each in french
    ]
