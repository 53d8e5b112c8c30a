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
    ("version", "reads"),
    [
        ("", True),
        ("4.0.1", True),
        ("4.3.0", True),
        ("R4", True),
        ("R4B", True),
        ("5.0.0", False),
        ("R5", False),
        ("3.0.2", False),
    ],
)
def test_suggested_resources_are_for_r4(version: str, reads: bool) -> None:
    assert CardContext("p", NOW, fhir_version=version).reads_r4 is reads


@pytest.mark.parametrize(
    ("user", "practitioner"),
    [("Practitioner/1", "Practitioner/1"), ("PractitionerRole/1", "PractitionerRole/1"), ("Patient/1", ""), ("", "")],
)
def test_only_a_practitioner_requests(user: str, practitioner: str) -> None:
    assert CardContext("p", NOW, user=user).practitioner == practitioner
