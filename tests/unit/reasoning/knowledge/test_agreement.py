"""Chapters agree with each other, and with the value sets of profiles/."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from cds.data import folder
from cds.reasoning.knowledge import CHAPTERS, Knowledge
from cds.reasoning.knowledge.agreement import _THAT_NAME, NAMES, QUESTIONS, _known, _named
from cds.reasoning.knowledge.reading import Mistakes, read_chapter
from cds.reasoning.knowledge.vocabulary import VOCABULARY


@pytest.fixture(scope="module")
def chapters() -> dict[str, BaseModel]:
    return {name: read_chapter(model, name, [folder("rules")]) for name, model in CHAPTERS.items()}


@pytest.mark.parametrize(
    ("chapter", "text", "said"),
    [
        ("metabolic", "causes:\n  - id: MET-CKD\n    concepts: [sarcoidosi]\n", "metabolic.yaml:3: 'sarcoidosi' is no concept"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    asks: [phosphat]\n", "did you mean 'phosphate'?"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    decisions: [D-99]\n", "'D-99' is no decision"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    shows: [pth-pairs]\n", "did you mean 'pth-paired'?"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    probable: {medicine: thiazide}\n", "did you mean 'thiazides'?"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    probable: {lab: {id: phosphates, above: 2}}\n", "did you mean 'phosphate'?"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    probable: {not: {form: tophus}}\n", "'tophus' is no form"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    probable: {calcification: knees}\n", "did you mean 'knee'?"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    card: {id: C-CKD}\n", "'C-CKD' is no card"),
        ("metabolic", "causes:\n  - id: MET-CKD\n    source: {tags: [R999]}\n", "'R999' is no source"),
        ("dystrophic", "patterns: {rice-grains: cysticercosis}\n", "did you mean 'rice-grain'?"),
        ("dystrophic", "hints: {hand: hands}\n", "did you mean 'hand'?"),
        ("forms", "forms:\n  - id: phlebolith\n    never-in: [acral]\n", "'acral' is no region"),
        ("forms", "parasites: {concepts: [toxocariasis]}\n", "'toxocariasis' is no value of the placeholder parasite"),
        ("classification", "red-flag-variant: RED-2\n", "did you mean 'RED-1'?"),
        ("redflag", "downgrade: {areas: [toes]}\n", "'toes' is no region or area"),
        ("suppression", "cards: [{id: C-FORMS, days: 1}]\n", "did you mean 'C-FORM'?"),
        ("suppression", "reasons:\n  - id: data-bad\n    days: 1\n", "'data-bad' is no override reason"),
        ("recognition", "trigger: {by-form: {calcinosis: muscle}}\n", "'calcinosis' is no concept"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_knows(tmp_path: Path, chapter: str, text: str, said: str) -> None:
    (tmp_path / f"{chapter}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Mistakes) as raised:
        Knowledge.load([folder("rules"), tmp_path])
    assert [each for each in map(str, raised.value.mistakes) if said in each], str(raised.value)
    assert all(each.file == f"{chapter}.yaml" and each.line <= 3 for each in raised.value.mistakes)


def test_a_name_without_a_place_is_said_of_its_chapter(tmp_path: Path) -> None:
    (tmp_path / "dystrophic.yaml").write_text("microcrystal: {causes: ['3']}\nhints: {years: 3}\n", encoding="utf-8")
    with pytest.raises(Mistakes, match=r"dystrophic\.yaml:1: '3' is no concept"):
        Knowledge.load([folder("rules"), tmp_path])


def test_a_form_that_is_switched_off_is_missed_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "forms.yaml").write_text("forms: [{id: tumoral-calcinosis, off: true}]\n", encoding="utf-8")
    with pytest.raises(Mistakes) as raised:
        Knowledge.load([folder("rules"), tmp_path])
    assert {each.file for each in raised.value.mistakes} == {"forms.yaml", "metabolic.yaml"}


def test_every_member_of_the_table_exists_and_holds_names(chapters: dict[str, BaseModel]) -> None:
    for schema, members in NAMES.items():
        derived = {name for name in members if isinstance(getattr(schema, name, None), property)}
        assert set(members) <= derived.union(schema.model_fields), schema
    used = {each.kind for name in _THAT_NAME for each in _named(name, chapters[name])}
    assert used | {"country"} == set(_known(chapters))  # the package names no country (decision 0043), a site may


def test_every_question_about_names_is_in_the_vocabulary() -> None:
    assert set(QUESTIONS) <= set(VOCABULARY)


def test_every_concept_of_a_cause_has_words_or_a_value_set(chapters: dict[str, BaseModel]) -> None:
    value_sets = {file.stem for file in (folder("profiles") / "valuesets").glob("*.json")}
    knowledge = Knowledge.load([folder("rules")])
    assert {each.id for each in knowledge.recognition.coded_only} <= value_sets
    assert set(knowledge.recognition.trigger.by_code) <= value_sets
    assert {each.id for each in knowledge.medicines.classes} <= value_sets
