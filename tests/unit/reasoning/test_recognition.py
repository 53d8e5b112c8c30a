"""How a datum says a concept: by code, by words, how strongly, where (ACC-1 to ACC-4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cds.reasoning.chart import Coding, Match, Procedure, Ref, Report
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from tests.unit.reasoning.core import ago, facts, finding, match, problem


def recognised(now: datetime, concept: str, **members: Any) -> Recognised | None:
    found = facts(now, **members)(recognise).of(concept)
    return found[0] if found else None


def test_the_best_code_of_several_counts(now: datetime) -> None:
    for tiers in (("C", "A"), ("A", "C")):
        codes = tuple(match("sarcoidosis", tier) for tier in tiers)  # type: ignore[arg-type]
        found = recognised(now, "sarcoidosis", problems=(problem()._replace(matches=codes),))
        assert found is not None
        assert not found.tier_c_only


def test_a_tier_c_code_whose_words_say_so_too_is_two_supports(now: datetime) -> None:
    bare = problem()._replace(matches=(match("sarcoidosis", "C"),))
    found = recognised(now, "sarcoidosis", problems=(bare,))
    assert found is not None
    assert found.tier_c_only
    found = recognised(now, "sarcoidosis", problems=(bare._replace(texts=("Sarcoidosis",)),))
    assert found is not None
    assert not found.tier_c_only


def test_a_shared_code_needs_its_words(now: datetime) -> None:
    shared = problem()._replace(matches=(match("calciphylaxis", needs_text=True),))
    assert recognised(now, "calciphylaxis", problems=(shared,)) is None
    found = recognised(now, "calciphylaxis", problems=(shared._replace(texts=("Calciphylaxie",)),))
    assert found is not None
    assert found.coded


@pytest.mark.parametrize(
    ("members", "weight", "reasons"),
    [
        ({}, "strong", ()),
        ({"level": "unconfirmed"}, "weak", ("provisional",)),
        ({"old_encounter": True}, "weak", ("old-encounter",)),
        ({"text": "Suspicion de sarcoïdose"}, "weak", ("hypothetical",)),
    ],
)
def test_weights_of_a_code(now: datetime, members: dict[str, Any], weight: str, reasons: tuple[str, ...]) -> None:
    found = recognised(now, "sarcoidosis", problems=(problem("sarcoidosis", **members),))
    assert found is not None
    assert (found.weight, found.reasons) == (weight, reasons)


def test_the_row_says_why_it_is_weak(now: datetime) -> None:
    past = problem("sarcoidosis", text="Sarcoïdose", level="unconfirmed", state="past")
    found = recognised(now, "sarcoidosis", problems=(past,))
    assert found is not None
    remark = recognition_row(found).remark
    assert remark is not None
    assert remark.en == "past; not confirmed"
    assert remark.fr == "passé ; non confirmé"


@pytest.mark.parametrize("members", [{"value": False}, {"severity": "absent"}, {"value_texts": ("absent",)}])
def test_a_negative_finding_says_nothing(now: datetime, members: dict[str, Any]) -> None:
    assert recognised(now, "skin-necrosis", findings=(finding(match("skin-necrosis"), **members),)) is None


@pytest.mark.parametrize(
    ("text", "members", "reasons"),
    [
        ("Skin necrosis", {}, ()),
        ("Suspicion of skin necrosis", {}, ("hypothetical",)),
        ("Skin necrosis", {"preliminary": True}, ("preliminary",)),
    ],
)
def test_a_coded_finding(now: datetime, text: str, members: dict[str, Any], reasons: tuple[str, ...]) -> None:
    found = recognised(now, "skin-necrosis", findings=(finding(match("skin-necrosis"), text=text, **members),))
    assert found is not None
    assert found.reasons == reasons
    assert found.weight == ("weak" if reasons else "strong")


def test_a_finding_in_words_has_the_site_of_its_words(now: datetime) -> None:
    told = finding(text="Examen", value="x", value_texts=("Sarcoïdose cutanée de la jambe gauche",))
    found = recognised(now, "sarcoidosis", findings=(told,))
    assert found is not None
    assert found.reasons == ("text-only",)
    doubted = finding(text="Examen", value_texts=("Suspicion de sarcoïdose",), sites=("main",))
    found = recognised(now, "sarcoidosis", findings=(doubted,))
    assert found is not None
    assert found.reasons == ("text-only", "hypothetical")
    assert found.site.regions


def test_the_name_of_a_report_is_weak(now: datetime) -> None:
    report = Report(Ref("DiagnosticReport", "1"), (), ("Phlebolith follow-up",), (), ago(now, 3))
    found = recognised(now, "phlebolith", reports=(report,))
    assert found is not None
    assert found.reasons == ("text-only",)


def test_a_procedure_by_code_or_by_words(now: datetime) -> None:
    def performed(*matches: Match, text: str) -> Recognised | None:
        procedure = Procedure(Ref("Procedure", "1"), matches, (text,) if text else (), ago(now, 9), None)
        return recognised(now, "haemodialysis", procedures=(procedure,))

    coded = performed(Match("haemodialysis", Coding("s", "1", "Haemodialysis"), "A"), text="")
    assert coded is not None
    assert (coded.weight, coded.text) == ("strong", "Haemodialysis")
    worded = performed(text="Hémodialyse")
    assert worded is not None
    assert (worded.weight, worded.reasons) == ("weak", ("text-only",))


def test_active_past_and_several_concepts(now: datetime) -> None:
    found = facts(now, problems=(problem("gout"), problem("cppd", number=2, state="past")))(recognise)
    assert [each.concept for each in found.of("gout", "cppd")] == ["gout", "cppd"]
    assert [each.concept for each in found.active("gout", "cppd")] == ["gout"]
    assert [each.concept for each in found.past("gout", "cppd")] == ["cppd"]
    assert found.of("leprosy") == ()
