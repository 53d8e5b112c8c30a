"""Strict reading of YAML: every mistake with its file, its line and the nearest right name; a site's folder laid over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from cds.data import folder
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.knowledge.reading import Dashed, Mistakes, Strict, lines_of, read_chapter


class Dose(Dashed):
    at_least: float
    unit: Literal["mg", "g"] = "mg"


class Entry(Dashed):
    id: str
    words: tuple[str, ...] = ()
    dose: Dose | None = None
    asked: bool = True


class Chapter(Strict):
    title: str = ""
    entries: tuple[Entry, ...] = ()
    when: Mapping[str, int] = {}
    limits: Mapping[str, float] = {}
    either: tuple[Dose | str, ...] = ()


def read(*folders: Path) -> Chapter:
    return read_chapter(Chapter, "chapter", folders)


def mistakes(*folders: Path) -> list[str]:
    with pytest.raises(Mistakes) as raised:
        read(*folders)
    assert str(raised.value) == "\n".join(map(str, raised.value.mistakes))
    return [str(each) for each in raised.value.mistakes]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return written(
        tmp_path / "package",
        "title: Package\n"
        "limits: {low: 1, high: 2}\n"
        "when: {below: 5}\n"
        "entries:\n"
        "  - id: first\n"
        "    words: [a, b]\n"
        "  - id: second\n"
        "    dose: {at-least: 2}\n",
    )


def written(at: Path, text: str | bytes, name: str = "chapter.yaml") -> Path:
    file = at / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return at


def test_reads_a_file(package: Path) -> None:
    chapter = read(package)
    assert chapter.title == "Package"
    assert [each.id for each in chapter.entries] == ["first", "second"]
    assert chapter.entries[1].dose == Dose(at_least=2)


def test_reads_the_files_of_a_folder_one_after_the_other(tmp_path: Path) -> None:
    written(tmp_path, "title: A\nentries: [{id: a}]\n", "chapter/1-a.yaml")
    written(tmp_path, "entries: [{id: b}]\n", "chapter/2-b.yaml")
    written(tmp_path, "", "chapter/3-empty.yaml")
    assert [each.id for each in read(tmp_path).entries] == ["a", "b"]


def test_an_unknown_member_is_named_with_the_nearest_right_one(tmp_path: Path) -> None:
    written(tmp_path, "title: x\nentries:\n  - id: a\n    dose:\n      at_last: 2\n")
    assert mistakes(tmp_path) == [
        "chapter.yaml:5: entries.0.dose.at-least: 'at-least' is missing",
        "chapter.yaml:5: entries.0.dose.at_last: 'at_last' is not known here; did you mean 'at-least'?",
    ]


def test_an_unknown_member_that_resembles_nothing(tmp_path: Path) -> None:
    written(tmp_path, "xyz: 1\n")
    assert mistakes(tmp_path) == ["chapter.yaml:1: xyz: 'xyz' is not known here"]


def test_a_word_of_a_closed_list(tmp_path: Path) -> None:
    written(
        tmp_path,
        "entries:\n  - id: a\n    dose: {at-least: 1, unit: mgs}\n  - id: b\n    dose: {at-least: 1, unit: 7}\n",
    )
    assert mistakes(tmp_path) == [
        "chapter.yaml:3: entries.0.dose.unit: 'mgs' is not one of 'mg' or 'g'; did you mean 'mg'?",
        "chapter.yaml:5: entries.1.dose.unit: '7' is not one of 'mg' or 'g'",
    ]


def test_a_wrong_value_inside_nested_lists_has_its_own_line(tmp_path: Path) -> None:
    written(tmp_path, "entries:\n  - id: a\n    words:\n      - one\n      - [two]\n")
    assert mistakes(tmp_path) == ["chapter.yaml:5: entries.0.words.1: Input should be a valid string"]


def test_a_mistake_in_one_of_several_shapes_has_its_line(tmp_path: Path) -> None:
    written(tmp_path, "title: a\neither:\n  - 5\n")
    assert [each.split(": ")[0] for each in mistakes(tmp_path)] == ["chapter.yaml:3", "chapter.yaml:3"]


def test_a_repeated_key(tmp_path: Path) -> None:
    written(tmp_path, "title: a\nentries:\n  - id: a\n    id: b\ntitle: b\n")
    assert mistakes(tmp_path) == ["chapter.yaml:4: 'id' stands twice", "chapter.yaml:5: 'title' stands twice"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [a\nentries: b\n", "chapter.yaml:"),
        (b"title: \xff\n", "chapter.yaml:1: not YAML in UTF-8"),
        ("title: \x07\n", "chapter.yaml:1: not YAML in UTF-8"),
    ],
)
def test_what_is_no_yaml(tmp_path: Path, text: str | bytes, said: str) -> None:
    (mistake,) = mistakes(written(tmp_path, text))
    assert mistake.startswith(said)


def test_a_missing_chapter(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == ["chapter.yaml:1: this chapter is missing"]


@pytest.mark.parametrize("word", ["no", "off", "on", "yes", "y", "2026-01-01"])
def test_words_of_yaml_1_1_are_words(tmp_path: Path, word: str) -> None:
    assert read(written(tmp_path, f"title: {word}\n")).title == word


@pytest.mark.parametrize(("word", "truth"), [("true", True), ("false", False)])
def test_the_booleans_of_yaml_1_2(tmp_path: Path, word: str, truth: bool) -> None:
    assert read(written(tmp_path, f"entries: [{{id: a, asked: {word}}}]\n")).entries[0].asked is truth


def test_a_site_changes_a_value_and_adds_an_entry(package: Path, tmp_path: Path) -> None:
    site = written(
        tmp_path / "site", "limits: {high: 3}\nentries:\n  - id: third\n  - id: second\n    dose: {at-least: 9}\n"
    )
    chapter = read(package, site)
    assert chapter.title == "Package"
    assert chapter.limits == {"low": 1, "high": 3}
    assert [each.id for each in chapter.entries] == ["first", "second", "third"]
    assert chapter.entries[1].dose == Dose(at_least=9)


def test_a_list_without_ids_is_replaced(package: Path, tmp_path: Path) -> None:
    site = written(tmp_path / "site", "entries: [{id: first, words: [c]}]\n")
    assert read(package, site).entries[0].words == ("c",)


def test_another_question_replaces_a_criterion(package: Path, tmp_path: Path) -> None:
    assert read(package, written(tmp_path / "site", "when: {above: 7}\n")).when == {"above": 7}
    assert read(package, written(tmp_path / "other", "when: {below: 7}\n")).when == {"below": 7}


def test_a_site_switches_an_entry_off(package: Path, tmp_path: Path) -> None:
    site = written(tmp_path / "site", "entries: [{id: first, off: true}]\n")
    assert [each.id for each in read(package, site).entries] == ["second"]


def test_off_false_is_a_mistake(package: Path, tmp_path: Path) -> None:
    site = written(tmp_path / "site", "entries: [{id: first, off: false}]\n")
    assert mistakes(package, site) == ["chapter.yaml:1: entries.0.off: 'off' is not known here"]


def test_lines_of_a_word(package: Path, tmp_path: Path) -> None:
    site = written(tmp_path / "site", "limits: {high: 3}\n")
    assert lines_of("high", "chapter", [package, site]) == [("chapter.yaml", 2), ("chapter.yaml", 1)]
    assert lines_of("b", "chapter", [package]) == [("chapter.yaml", 6)]
    assert lines_of("nowhere", "chapter", [package, written(tmp_path / "empty", "")]) == []


def test_a_strange_file_is_most_likely_a_misspelt_chapter(tmp_path: Path) -> None:
    written(tmp_path, "x: 1\n", "metabolc.yaml")
    with pytest.raises(Mistakes, match=r"metabolc\.yaml:1: this is no chapter of rules/"):
        Knowledge.load([folder("rules"), tmp_path])


def test_every_chapter_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    written(tmp_path, "card: [1]\n", "forms.yaml")
    written(tmp_path, "id: [1]\n", "redflag.yaml")
    with pytest.raises(Mistakes) as raised:
        Knowledge.load([folder("rules"), tmp_path])
    assert {each.file for each in raised.value.mistakes} == {"forms.yaml", "redflag.yaml"}
