from __future__ import annotations

import pytest

from cds.fhir.server.queries import Query
from cds.fhir.server.scopes import reach

SEARCH = Query("Observation", parameters="patient=p")
READ = Query("Patient", "p")


@pytest.mark.parametrize(
    ("scope", "search", "read"),
    [
        ("", "all", "all"),
        ("launch openid fhirUser", "all", "all"),
        ("user/*.read", "all", "all"),
        ("patient/*.*", "all", "all"),
        ("system/*.cruds", "all", "all"),
        ("patient/*.rs", "all", "all"),
        ("patient/*.r", "none", "all"),
        ("patient/*.s", "all", "none"),
        ("patient/*.write", "none", "none"),
        ("openid patient/Observation.read", "all", "none"),
        ("patient/Patient.r patient/Condition.rs", "none", "all"),
        ("patient/Observation.rs?category=laboratory", "some", "none"),
        ("patient/Observation.rs?category=laboratory patient/Observation.rs?category=vital-signs", "some", "none"),
        ("patient/Observation.rs?category=laboratory user/Observation.rs", "all", "none"),
    ],
)
def test_how_far_a_token_reaches(scope: str, search: str, read: str) -> None:
    assert (reach(scope, SEARCH), reach(scope, READ)) == (search, read)
