"""Clinical stories, compared as whole JSON. `make stories` writes them again; read the difference before you commit it."""

from __future__ import annotations

import httpx
import pytest

from tests.stories.telling import HERE, RESPONSES, answers, demos, order_demos, read, request

STORIES = sorted(file.parent.name for file in HERE.glob("*/request.json"))


def test_every_demonstration_patient_has_a_story() -> None:
    assert sorted((*demos(), *order_demos())) == STORIES
    assert len(STORIES) >= 6


@pytest.mark.parametrize("language", RESPONSES)
@pytest.mark.parametrize("name", STORIES)
def test_the_story_is_told_as_written(name: str, language: str, service: httpx.Client) -> None:
    told = answers(service, read(HERE / name / "request.json"), language)
    assert told == read(HERE / name / RESPONSES[language])


@pytest.mark.parametrize("name", STORIES)
def test_the_request_is_what_a_client_sends(name: str, service: httpx.Client) -> None:
    assert request(service, name) == read(HERE / name / "request.json")
