"""rules/porter.yaml and rules/venous.yaml: complete, and a mistake is named with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from cds.data import folder
from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.porter import PorterChapter, Stages
from cds.reasoning.knowledge.reading import Mistakes, read_chapter
from cds.reasoning.knowledge.venous import VenousChapter
from cds.reasoning.language.text import fold
from cds.reasoning.venous.stage import ceap_display
from tests.unit.reasoning.venous.charts import CASES
from tests.unit.reasoning.venous.test_staging import sign

RULES = folder("rules")


def porter(over: Path | None = None) -> PorterChapter:
    return read_chapter(PorterChapter, "porter", [RULES, *([over] if over else [])])


def mistake(tmp_path: Path, name: str, model: type[BaseModel], written: str) -> str:
    """What is said when a site lays `written` over the chapter."""
    (tmp_path / f"{name}.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(Mistakes) as found:
        read_chapter(model, name, [RULES, tmp_path])
    return str(found.value)


def test_the_four_stages_stand_in_the_words_of_the_source_document() -> None:
    assert [(each.number, each.original_class, each.quote) for each in porter().stages] == [
        (1, 0, "Sujet asymptomatique, c'est-à-dire ne présentant aucun trouble apparent"),
        (2, 1, "Insuffisance Veineuse Chronique légère"),
        (3, 2, "Insuffisance Veineuse Chronique modérée"),
        (4, 3, "Insuffisance Veineuse Chronique sévère"),
    ]
    assert sum(len(each.criteria) for each in porter().stages) == 14


def test_every_criterion_can_be_reached_by_a_sign_of_its_stage() -> None:
    chapter = porter()
    for stage in chapter.stages:
        for criterion in stage.criteria:
            for name in criterion.signs:
                given = chapter.by_id[name].stage
                spans = [given.any_, given.unsaid, given.mild, given.moderate, given.marked]
                assert any(span and span.low == stage.number for span in spans), (criterion.quote, name)


def test_every_sign_has_a_case_that_reaches_it_and_the_chapter_has_ones_that_miss() -> None:
    reached = [case for case in CASES.values() if case["expected"]["porter"]]
    assert len(reached) > len(porter().signs)
    assert any(not case["expected"]["porter"] for case in CASES.values())


def test_a_site_changes_a_window(tmp_path: Path) -> None:
    (tmp_path / "porter.yaml").write_text("signs: [{id: ankle-oedema, window: 180 d}]", encoding="utf-8")
    assert porter(tmp_path).by_id["ankle-oedema"].window == 180


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("signs: [{id: ankle-oedema, window: half a year}]", "valid integer"),
        ("signs: [{id: ankle-oedema, windw: 180 d}]", "did you mean 'window'"),
        ("signs: [{id: ankle-oedema, stage: {marked: [3, 5]}}]", "less than or equal to 4"),
        ("signs: [{id: ankle-oedema, stage: {marked: [4, 3]}}]", "the lowest stage comes first"),
        ("signs: [{id: ankle-oedema, stage: {any: [3, 3]}}]", "either 'any', or ranges by severity"),
        ("signs: [{id: ankle-oedema, ceap: C9}]", "'C9' is not a CEAP class"),
        ("signs: [{id: ankle-oedema, not-when: nothing}]", "'nothing' is not a list of explained-by"),
        ("signs: [{id: leg-ulcer, yields-to: ulcer}]", "'ulcer' is not a sign"),
        ("signs: [{id: telangiectasia, site-in-words: ['(open']}]", "bracket"),
        ("signs: [{id: telangiectasia, site-in-words: varicosities}]", "a list of phrases is wanted"),
        ("stages: [{id: stage-2, original-class: 2}]", "the original class is the stage less one"),
        ("stages: [{id: stage-2, off: true}]", "the stages are 1, 2, 3 and 4"),
        (
            "not-counted: {}\nexplained-by: {oedema: [{id: heart-failure, lab: albumin}]}",
            "one of concept, lab, medicine",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, written: str, said: str) -> None:
    found = mistake(tmp_path, "porter", PorterChapter, written)
    assert said in found
    assert re.match(r"porter\.yaml:\d+: ", found)


def test_a_reason_without_words_is_a_mistake() -> None:
    chapter = porter().model_dump(by_alias=True)
    del chapter["not-counted"]["old"]
    with pytest.raises(ValueError, match="'old' has no words"):
        PorterChapter.model_validate(chapter)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("notes: {recurrent: {fr: 'Récidive : {place}.', en: Recurrence.}}", "other placeholders in French"),
        ("attribution: {strong-from: 9}", "less than or equal to 4"),
    ],
)
def test_a_mistake_about_ulcers_is_named(tmp_path: Path, written: str, said: str) -> None:
    assert said in mistake(tmp_path, "venous", VenousChapter, written)


def test_a_missing_sentence_is_a_mistake() -> None:
    chapter = read_chapter(VenousChapter, "venous", [RULES]).model_dump(by_alias=True)
    del chapter["notes"]["recurrent"]
    with pytest.raises(ValueError, match="'recurrent' is missing"):
        VenousChapter.model_validate(chapter)


def test_a_note_is_filled_in_both_languages() -> None:
    chapter = read_chapter(VenousChapter, "venous", [RULES])
    filled = chapter.note("index-contraindicated", value=Text("0.5", "0,5"))
    assert "0.5" in filled.en
    assert "0,5" in filled.fr


def test_a_severity_that_a_sign_does_not_know_gives_no_stage() -> None:
    stages = Stages.model_validate({"mild": [2, 2], "marked": ["none", 4]})
    assert stages.by("absent") is None
    assert stages.by(None) is None
    assert stages.by("moderate") is None
    assert stages.by("marked") == (None, 4)


class TestCeapDisplay:
    """The highest class first, the others in brackets, at most 14 characters."""

    @pytest.mark.parametrize(
        ("classes", "shown"),
        [
            ([], "-"),
            (["C3"], "C3"),
            (["C3", "C4a"], "C4a (C3)"),
            (["C3", "C4a", "C4b"], "C4b (C3, C4a)"),
            (["C1", "C2", "C3", "C4a", "C4b"], "C4b (C3, C4a)"),
            (["C4", "C4a"], "C4a"),
            (["C6", "C6r"], "C6r"),
            (["C0A", "C0S"], "C0S"),
            (["C0S", "C2"], "C2"),
            (["C4c", "C4b"], "C4b (C4c)"),
            (["C5", "C6"], "C6 (C5)"),
        ],
    )
    def test_of(self, classes: list[str], shown: str) -> None:
        chapter = porter().ceap
        for order in (classes, classes[::-1]):
            assert ceap_display(chapter, [sign(each, 2, 2, ceap=each) for each in order]) == shown
        assert len(shown) <= chapter.longest

    def test_of_a_sign_that_never_stages_by_itself(self) -> None:
        assert ceap_display(porter().ceap, [sign("C4b", None, 3, ceap="C4b"), sign("C1", 2, 2, ceap="C1")]) == "C1"


def test_phrases_are_folded_like_the_texts_that_they_are_searched_in() -> None:
    purpuric = porter().by_id["ochre-pigmentation"].in_words[0].words
    assert purpuric.search(fold("Dermite ocre PURPURIQUE"))
