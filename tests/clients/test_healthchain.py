"""A Python client (the sandbox of the `healthchain` package): its models take our discovery and every card of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.demo import demo_patients
from tests.clients.answers import consult_with
from tests.clients.peers import run
from tests.stories.telling import demo_record

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "healthchain" / "consult.py"
PATIENTS = {name: demo_record(name).patient_id for name in demo_patients()}


@pytest.fixture(scope="module")
def said(healthchain: Path, service: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the client saw, for every demonstration patient."""
    folder = tmp_path_factory.mktemp("prefetch")
    templates = service.get("/cds-services").json()["services"][0]["prefetch"]
    for name, patient in PATIENTS.items():
        (folder / f"{patient}.json").write_text(json.dumps(demo_record(name).prefetch(templates)), encoding="utf-8")
    return json.loads(run([str(healthchain), str(SCRIPT), str(service.base_url).rstrip("/"), str(folder)]))


def _cards(said: Any, name: str, *, known: bool) -> list[Any]:
    answers = [each for each in said["answers"] if each["patient"] == PATIENTS[name] and each["known"] is known]
    assert len(answers) == 2
    return [card for each in answers for card in each["answer"]["cards"]]


def test_lists_every_service(said: Any, service: httpx.Client) -> None:
    ours = service.get("/cds-services").json()["services"]
    names = ("hook", "id", "title", "description", "prefetch", "usageRequirements")
    assert said["services"] == [{name: each.get(name) for name in names} for each in ours]


@pytest.mark.parametrize("name", PATIENTS)
def test_takes_every_card(name: str, said: Any, service: httpx.Client) -> None:
    answers = consult_with(service, PATIENTS[name], demo_record(name).prefetch)
    ours = [card for answer in answers.values() for card in answer["cards"]]
    assert [_plain(card) for card in _cards(said, name, known=True)] == [_plain(card) for card in ours]


def _plain(card: Any) -> Any:
    """The card as both know it: without what is fresh in every answer, and without the extensions that they leave out."""
    suggestions = [
        (each["label"], [action["resource"] for action in each["actions"]]) for each in card.get("suggestions", ())
    ]
    texts = [card.get(name) for name in ("summary", "indicator", "detail", "selectionBehavior")]
    return texts, card["source"]["topic"], suggestions


@pytest.mark.clause("R6")
@pytest.mark.parametrize("name", PATIENTS)
def test_a_random_patient_id_is_never_answered_with_the_cards_of_another(name: str, said: Any) -> None:
    strangers = {card["source"]["topic"]["code"] for card in _cards(said, name, known=False)}
    own = {card["source"]["topic"]["code"] for card in _cards(said, name, known=True)}
    assert strangers
    assert not strangers & own
