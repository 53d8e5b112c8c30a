"""Every patient of tests/data/fhir, as they came: the service answers, twice the same, and invents no calcification."""

from __future__ import annotations

import httpx
import pytest

from tests.ehr import EVALUATION, Answer, Ehr, consult, opinion
from tests.records import records
from tests.stories.telling import without_uuids

RECORDS = records()


class CarelessEhr(Ehr):
    """A server that ignores every search parameter but the patient."""

    def _answer(self, template: str) -> object:
        return super()._answer(template if "?" not in template else template.partition("&")[0])


EHRS = {"exact": Ehr, "careless": CarelessEhr}


def test_the_data_are_here() -> None:
    assert len(RECORDS) == 31
    assert sum(len(each.resources) for each in RECORDS.values()) > 1000


@pytest.mark.parametrize("ehr", EHRS)
@pytest.mark.parametrize("name", RECORDS)
def test_answers_twice_the_same_without_a_calcification(name: str, ehr: str, service: httpx.Client) -> None:
    record = EHRS[ehr](RECORDS[name].patient_id, RECORDS[name].resources)
    first, second = consult(service, record), consult(service, record)
    assert [each.status for each in first] == [200] * len(first)
    assert [without_uuids(each.body) for each in first] == [without_uuids(each.body) for each in second]
    assert opinion(first).classification == "NOT_APPLICABLE"
    assert [each for answer in first for each in not_used_without_reason(answer)] == []


def not_used_without_reason(answer: Answer) -> list[dict[str, str]]:
    not_used = answer.body["extension"][EVALUATION].get("notUsed", [])
    return [each for each in not_used if not each.get("reason") or not each.get("reference")]


def test_what_cannot_be_used_is_listed(service: httpx.Client) -> None:
    """The Australian data leave elements out on purpose, the American ones give an eGFR without number and unit."""
    listed = {
        name: {
            (each["reference"], each["reason"])
            for each in consult(service, RECORDS[name])[0].body["extension"][EVALUATION].get("notUsed", [])
        }
        for name in RECORDS
    }
    assert any(listed.values()), "nothing at all was left out"
