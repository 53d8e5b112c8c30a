from __future__ import annotations

import uuid

import pytest

from cds.cards.context import CardContext, new_uuid
from tests.unit.cards.cases import NOW


def test_uuids_are_fresh_and_of_version_4() -> None:
    made = {new_uuid() for _ in range(500)}
    assert len(made) == 500
    assert all(str(uuid.UUID(each)) == each and uuid.UUID(each).version == 4 for each in made)
    assert all(uuid.UUID(each).variant == uuid.RFC_4122 for each in made)


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("", "R4"),
        ("4.0.1", "R4"),
        ("4.3.0", "R4"),
        ("R4", "R4"),
        ("R4B", "R4"),
        ("5.0.0", "R5"),
        ("R5", "R5"),
        ("3.0.2", "STU3"),
        ("STU3", "STU3"),
        ("1.0.2", None),
        ("DSTU2", None),
        ("6.0.0-ballot3", None),
        ("nobody knows", None),
    ],
)
def test_suggested_resources_are_written_in_the_release_of_the_client(version: str, release: str | None) -> None:
    assert CardContext("p", NOW, fhir_version=version).release == release


@pytest.mark.parametrize(
    ("user", "practitioner"),
    [("Practitioner/1", "Practitioner/1"), ("PractitionerRole/1", "PractitionerRole/1"), ("Patient/1", ""), ("", "")],
)
def test_only_a_practitioner_requests(user: str, practitioner: str) -> None:
    assert CardContext("p", NOW, user=user).practitioner == practitioner
