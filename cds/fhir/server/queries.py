"""A prefetch template becomes what is asked of a server, by GET or by POST."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cds.trust.outgoing import Base

__all__ = ["Query", "bare_id", "query"]

_ID: Final = re.compile(r"(?!\.+\Z)[A-Za-z0-9\-.]{1,64}")
"""An id of FHIR, but for those that a path reads as directions."""
_PATIENT: Final = "{{context.patientId}}"
_LONGEST: Final = 2048
"""Characters of a query in a URL; common web servers take no longer one by default."""


class Query(NamedTuple):
    """A read (`id`) or a search (`parameters`, encoded as in a URL) of one type."""

    type: str
    id: str = ""
    parameters: str = ""

    @property
    def is_search(self) -> bool:
        return not self.id

    @property
    def too_long(self) -> bool:
        """Whether a URL is no place for it."""
        return len(self.parameters) > _LONGEST

    def url(self, base: Base) -> str:
        """What is asked with GET."""
        return f"{base}/{self.type}/{self.id}" if self.id else f"{base}/{self.type}?{self.parameters}"

    def search_url(self, base: Base) -> str:
        """Where the parameters of a search are posted to."""
        return f"{base}/{self.type}/_search"


def bare_id(patient_id: str) -> str:
    """The id of a Patient as it stands in a URL; "" when it is none that may stand there."""
    identifier = patient_id.removeprefix("Patient/")
    return identifier if _ID.fullmatch(identifier) else ""


def query(template: str, patient_id: str) -> Query:
    """What `template` asks for the patient with a bare id. Our templates know no other placeholder (D4)."""
    path, _, parameters = template.replace(_PATIENT, patient_id).partition("?")
    kind, _, identifier = path.partition("/")
    return Query(kind, identifier, parameters)
