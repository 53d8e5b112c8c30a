from __future__ import annotations

from pathlib import Path

import pytest

from cds import data
from cds.commands.rulebook import entries, find, in_force, nearest
from cds.reasoning.conclusions import Text

CHAPTER = """\
# A chapter
causes:
  - id: MET-PHPT
    term: {fr: Hyperparathyroïdie primaire, en: Primary hyperparathyroidism}
    parts:
      - id: inner
        text: {en: within, fr: dedans}
    also: [CAL-4]

  - {id: MET-SARC, title: Sarcoidosis}
plain: 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "metastatic.yaml").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n", encoding="utf-8")
    return tmp_path


def test_an_entry_is_shown_as_it_is_written(folder: Path) -> None:
    first, second = entries([folder])
    assert first.id == "MET-PHPT"
    assert first.title == Text("Primary hyperparathyroidism", "Hyperparathyroïdie primaire")
    assert (first.file, first.line) == ("causes/metastatic.yaml", 3)
    assert first.source.splitlines() == [
        "id: MET-PHPT",
        "term: {fr: Hyperparathyroïdie primaire, en: Primary hyperparathyroidism}",
        "parts:",
        "  - id: inner",
        "    text: {en: within, fr: dedans}",
        "also: [CAL-4]",
    ]
    assert second.title == Text("Sarcoidosis", "Sarcoidosis")
    assert second.source == "{id: MET-SARC, title: Sarcoidosis}"


def test_a_rule_is_found_by_its_id_or_by_who_speaks_of_it(folder: Path) -> None:
    known = entries([folder])
    assert [each.id for each in find("met-sarc", known)] == ["MET-SARC"]
    assert [each.id for each in find("CAL-4", known)] == ["MET-PHPT"]
    assert list(find("CAL", known)) == []
    assert nearest("MET-PTPH", known) == "MET-PHPT"
    assert nearest("zzz", known) == ""


def test_a_site_is_read_after_the_package(folder: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "causes.yaml").write_text("causes: [{id: MET-PHPT, off: true}]", encoding="utf-8")
    assert [each.source for each in find("MET-PHPT", entries([folder, site]))][-1] == "{id: MET-PHPT, off: true}"


def test_the_rules_of_the_package_can_be_read() -> None:
    known = entries([data.folder("rules")])
    assert {"C-CALCIPH", "MET-PHPT"} <= {each.id for each in known}
    assert all(each.source for each in known)


def test_every_entry_of_the_package_is_in_force() -> None:
    rules = data.folder("rules")
    assert {each.place for each in entries([rules]) if not each.file.startswith("coverage")} == set(in_force([rules]))


def test_what_a_site_changes_is_in_force_and_what_it_switches_off_is_not(tmp_path: Path) -> None:
    (tmp_path / "forms.yaml").write_text(
        "forms: [{id: fat-necrosis, off: true}, {id: gouty-tophus, names: [gout]}]", encoding="utf-8"
    )
    found = in_force([data.folder("rules"), tmp_path])
    assert ("forms", ("forms",), "fat-necrosis") not in found
    assert found["forms", ("forms",), "gouty-tophus"].data["names"] == ["gout"]
