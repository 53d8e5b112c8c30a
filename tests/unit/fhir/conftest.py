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

RULES = [data.folder("rules")]


@pytest.fixture(scope="session")
def terminology() -> Terminology:
    return Terminology.load(data.folder("profiles"))


@pytest.fixture(scope="session")
def medicines(terminology: Terminology) -> Medicines:
    return Medicines(read_chapter(MedicinesChapter, "medicines", RULES), terminology)


@pytest.fixture(scope="session")
def laboratory() -> LaboratoryChapter:
    return read_chapter(LaboratoryChapter, "laboratory", RULES)


@pytest.fixture(scope="session")
def reader(terminology: Terminology, laboratory: LaboratoryChapter, medicines: Medicines) -> Reader:
    """Every text is of interest to it."""
    return Reader(terminology, laboratory, medicines)


@pytest.fixture(scope="session")
def choosy_reader(terminology: Terminology, laboratory: LaboratoryChapter, medicines: Medicines) -> Reader:
    """Only oedema and calcification are of interest to it."""
    return Reader(terminology, laboratory, medicines, interesting=_is_oedema_or_calcification)


def _is_oedema_or_calcification(text: str) -> bool:
    return any(word in text.lower() for word in ("edema", "œdème", "calcif"))
