"""The demonstration patients: valid FHIR R4, current with their sources, and judged as their sources say."""

from __future__ import annotations

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from scripts.demo_patients import sources, target, text
from tests.ehr import consult, opinion
from tests.rules.test_vignettes import differences, failure
from tests.stories.telling import demo_record, demos

SOURCES = sources()


def test_there_is_one_for_every_kind_of_conclusion() -> None:
    assert demos().keys() == SOURCES.keys()
    assert len(SOURCES) >= 8


@pytest.mark.parametrize("name", SOURCES)
def test_is_valid_and_current(name: str) -> None:
    written = target(name).read_text(encoding="utf-8")
    assert written == text(SOURCES[name]), "run `make demo-patients`"
    Bundle.model_validate_json(written)


@pytest.mark.parametrize("name", SOURCES)
def test_is_judged_as_its_source_says(name: str, service: httpx.Client) -> None:
    answers = consult(service, demo_record(name))
    wrong = differences(SOURCES[name]["expected"], opinion(answers))
    assert not wrong, failure(SOURCES[name], wrong, answers)
