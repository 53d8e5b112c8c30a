"""The chapter of medicine names: what a site may change and what the schema refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds.data import folder
from cds.reasoning.knowledge.medicines import MedicinesChapter
from cds.reasoning.knowledge.reading import Mistakes, read_chapter


def laid_over(site: Path, written: str) -> MedicinesChapter:
    (site / "medicines.yaml").write_text(written)
    return read_chapter(MedicinesChapter, "medicines", [folder("rules"), site])


def test_a_site_adds_a_brand(tmp_path: Path) -> None:
    written = "classes:\n  - id: lithium\n    medicines:\n      - id: lithium\n        brands: {fr: [Litho Site]}\n"
    (lithium,) = (each for each in laid_over(tmp_path, written).classes if each.id == "lithium")
    assert lithium.medicines[0].brands.fr == ("Litho Site",)
    assert "Priadel" in lithium.medicines[0].brands.uk
    assert "Litho Site" in lithium.medicines[0].all_names


def test_word_groups_are_written_out() -> None:
    chapter = read_chapter(MedicinesChapter, "medicines", [folder("rules")])
    assert {"collyre*", "buvable*"} <= set(chapter.words("TOPICAL", "buvable*"))
    assert "TOPICAL" not in chapter.words("TOPICAL")


def test_names_stand_once() -> None:
    chapter = read_chapter(MedicinesChapter, "medicines", [folder("rules")])
    for each in chapter.classes:
        for medicine in each.medicines:
            assert len(medicine.all_names) == len(set(medicine.all_names))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("classes:\n  - id: lithium\n    medicine: []\n", "'medicine' is not known here; did you mean 'medicines'"),
        (
            "classes:\n  - id: lithium\n    medicines:\n      - id: lithium\n        also: [salts]\n",
            "'salts' is no class",
        ),
        ("word-groups: {topical: [gel]}\n", "the word group 'topical' must be written in capitals"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        laid_over(tmp_path, written)


def test_a_class_stands_once() -> None:
    chapter = read_chapter(MedicinesChapter, "medicines", [folder("rules")])
    classes = [each.model_dump(by_alias=True) for each in chapter.classes]
    with pytest.raises(ValueError, match="'lithium' stands twice"):
        MedicinesChapter.model_validate({"classes": [*classes, *(each for each in classes if each["id"] == "lithium")]})
