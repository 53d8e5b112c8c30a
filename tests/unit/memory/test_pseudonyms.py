from __future__ import annotations

import re
from pathlib import Path

import pytest

from cds.errors import StateError
from cds.memory.pseudonyms import Pseudonyms, patient_key


def test_the_same_patient_has_the_same_pseudonym_and_another_key_another() -> None:
    mine, other = Pseudonyms(b"mine"), Pseudonyms(b"other")
    one = mine.of("metz", "https://ehr.example/fhir", "1")
    assert re.fullmatch("[0-9a-f]{64}", one)
    assert one == mine.of("metz", "https://ehr.example/fhir/", "1")
    assert one != other.of("metz", "https://ehr.example/fhir", "1")


def test_the_same_id_in_two_record_systems_is_two_patients() -> None:
    mine = Pseudonyms(b"mine")
    asked = [
        ("metz", "", "1"),
        ("lyon", "", "1"),
        ("metz", "https://a.example", "1"),
        ("metz", "", "2"),
        ("", "metz", "1"),
    ]
    assert len({mine.of(*each) for each in asked}) == len(asked)


def test_no_words_can_be_sent_that_make_one_patient_of_two() -> None:
    pseudonyms = Pseudonyms(b"a key")
    odd = ["", "a", "\x1f", "\x1e", "\x1e0", "\x1e1", "a\x1f", "\x1fa", "\x1e\x1f", "\x1f\x1f"]
    assert len({pseudonyms.of("metz", server, each) for server in odd for each in odd}) == len(odd) ** 2


def test_the_key_that_was_given_is_taken(tmp_path: Path) -> None:
    assert patient_key("given", tmp_path) == b"given"
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once_and_is_the_owners(tmp_path: Path) -> None:
    made = patient_key("", tmp_path)
    assert len(made) == 64
    assert patient_key("", tmp_path) == made
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "patient.key").write_bytes(b"\n")
    with pytest.raises(StateError, match="empty"):
        patient_key("", tmp_path)
    with pytest.raises(StateError, match="cannot be used"):
        patient_key("", tmp_path / "nowhere")
