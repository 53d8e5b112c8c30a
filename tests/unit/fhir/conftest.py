"""The reader that the service uses, made once."""

from __future__ import annotations

import pytest

from cds import data
from cds.fhir.medicines import Medicines
from cds.fhir.reading import Reader
from cds.fhir.terminology import Terminology
from cds.reasoning.knowledge.laboratory import LaboratoryChapter
from cds.reasoning.knowledge.medicines import MedicinesChapter
from cds.reasoning.knowledge.reading import read_chapter


@pytest.fixture(scope="session")
def terminology() -> Terminology:
    return Terminology.load(data.folder("profiles"))


@pytest.fixture(scope="session")
def reader(terminology: Terminology) -> Reader:
    """Every text is of interest to it."""
    return _reader(terminology)


@pytest.fixture(scope="session")
def choosy_reader(terminology: Terminology) -> Reader:
    """Only oedema and calcification are of interest to it."""
    return _reader(terminology, lambda text: any(word in text.lower() for word in ("edema", "œdème", "calcif")))


def _reader(terminology: Terminology, *interesting: object) -> Reader:
    rules = [data.folder("rules")]
    laboratory = read_chapter(LaboratoryChapter, "laboratory", rules)
    medicines = Medicines(read_chapter(MedicinesChapter, "medicines", rules), terminology)
    if interesting:
        return Reader(terminology, laboratory, medicines, interesting=interesting[0])  # type: ignore[arg-type]
    return Reader(terminology, laboratory, medicines)
