"""What the command line is given becomes a record, or one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds.errors import InputError
from cds.fhir.files import load
from cds.fhir.reading import Reader
from tests.unit.fhir.resources_by_hand import NOW, bundle, condition, observation, patient

RECORD = [patient(), condition(), observation()]
LINES = "\n".join(map(json.dumps, RECORD))
FORMS = {
    "searchset": json.dumps(bundle(*RECORD)),
    "collection, indented": json.dumps(bundle(*RECORD, kind="collection"), indent=2),
    "document": json.dumps(bundle(*RECORD, kind="document")),
    "array": json.dumps(RECORD),
    "lines": LINES,
    "lines with blanks and carriage returns": LINES.replace("\n", "\r\n\r\n") + "\n",
    "with a byte-order mark": "\ufeff" + json.dumps(bundle(*RECORD)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_record(reader: Reader, form: str) -> None:
    record = load(FORMS[form].encode())
    assert (record.patient_id, record.request) == ("p1", None)
    chart = reader.read(record.resources, record.patient_id, NOW, whole_record=True).chart
    assert (len(chart.problems), len(chart.measurements), chart.not_used) == (1, 1, ())


def test_a_file_and_a_folder(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "patient.json").write_text(json.dumps(patient()))
    (tmp_path / "below" / "more.NDJSON").write_text(json.dumps(condition()) + "\n" + json.dumps(observation()))
    (tmp_path / "README.md").write_text("no JSON")
    record = load(tmp_path)
    assert record.patient_id == "p1"
    assert len(reader.read(record.resources, "p1", NOW).chart.problems) == 1
    assert load(tmp_path / "patient.json").patient_id == "p1"


def test_a_request_stays_a_request(tmp_path: Path) -> None:
    body = json.dumps({"hook": "patient-view", "context": {"patientId": "p1"}}).encode()
    assert load(body) == ({}, "", body)
    (tmp_path / "request.json").write_bytes(b"\xef\xbb\xbf" + body)
    assert load(tmp_path / "request.json").request == body
    with pytest.raises(InputError, match="not one of a folder"):
        load(tmp_path)


def test_a_chosen_patient() -> None:
    two = json.dumps(bundle(patient(), patient("p2"))).encode()
    assert load(two, "p2").patient_id == "p2"
    with pytest.raises(InputError, match="the chosen patient is not among"):
        load(two, "p3")


WRONG = {
    "": "is empty",
    " \n": "is empty",
    "7": "holds no FHIR resource",
    "{}": "holds no FHIR resource",
    '{"a": 1': "broken JSON in line 1, column 8",
    '{\n  "a": NaN}': "broken JSON in line 2, column 8",
    '{"resourceType": "Patient"}\n{"a": }': "broken JSON in line 2, column 7",
    '{"resourceType": "Patient"}\n{"a": 1': "broken JSON in line 2$",
    '{"resourceType": "Patient"}\n[' + "[" * 3000 + "]" * 3001: "line 2 is nested too deeply",
    "[" * 3000 + "]" * 3000: "is nested too deeply",
    json.dumps(condition()): "no patient",
    json.dumps(bundle(patient(), patient("p2"))): "holds 2 patients; choose one with --patient",
    json.dumps(patient(None)): "the Patient has no id",
    "resourceType: Patient": "broken JSON in line 1, column 1",
}


@pytest.mark.parametrize("text", WRONG, ids=list(map(str, range(len(WRONG)))))
def test_one_clear_line(text: str) -> None:
    with pytest.raises(InputError, match=WRONG[text]) as error:
        load(text.encode())
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("the input: ")


def test_what_is_no_text() -> None:
    with pytest.raises(InputError, match=r"is not UTF-8 \(line 2, column 2\)"):
        load(b'{\n"\xff": 1}')


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file or folder"):
        load(tmp_path / "none.json")
    with pytest.raises(InputError, match="no JSON file is in this folder"):
        load(tmp_path)


def test_a_folder_with_two_patients(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(patient()))
    (tmp_path / "b.json").write_text(json.dumps(patient("p2")))
    with pytest.raises(InputError, match="the data: holds 2 patients"):
        load(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "a.json"
    file.write_text("{}")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"a\.json: permission denied"):
        load(file)
