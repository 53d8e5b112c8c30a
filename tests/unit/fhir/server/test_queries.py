from __future__ import annotations

import pytest

from cds.fhir.prefetch import templates
from cds.fhir.server.queries import Query, bare_id, query
from cds.fhir.terminology import Terminology
from cds.trust.outgoing import Base

BASE = Base.parse("https://ehr.example/fhir")


def test_a_template_is_a_read_or_a_search() -> None:
    read = query("Patient/{{context.patientId}}", "p-1")
    assert (read, read.is_search, read.url(BASE)) == (
        Query("Patient", "p-1"),
        False,
        "https://ehr.example/fhir/Patient/p-1",
    )
    search = query("Condition?patient={{context.patientId}}&_count=500", "p-1")
    assert search.is_search
    assert search.url(BASE) == "https://ehr.example/fhir/Condition?patient=p-1&_count=500"
    assert search.search_url(BASE) == "https://ehr.example/fhir/Condition/_search"


def test_every_template_of_ours_fits_into_a_url_as_it_is(terminology: Terminology) -> None:
    """With the longest id there is; and it holds nothing that would have to be escaped."""
    for template in templates(terminology, terminology.labs).values():
        asked = query(template, "p" * 64)
        assert "{" not in asked.url(BASE)
        assert BASE.link(asked.url(BASE)) == asked.url(BASE)
        assert not asked.too_long


def test_a_longer_one_does_not() -> None:
    assert Query("Observation", parameters="code=" + ",".join(["2000-8"] * 300)).too_long


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("p-1", "p-1"),
        ("Patient/p-1", "p-1"),
        ("a.b", "a.b"),
        (".", ""),
        ("..", ""),
        ("a/b", ""),
        ("a?b", ""),
        ("a\n", ""),
        ("Group/1", ""),
        ("é", ""),
        ("x" * 65, ""),
    ],
)
def test_only_an_id_of_fhir_becomes_part_of_a_url(written: str, bare: str) -> None:
    assert bare_id(written) == bare
