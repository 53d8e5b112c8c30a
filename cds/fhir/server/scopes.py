"""What a token reaches, by its SMART scopes (versions 1 and 2).

A server that is asked beyond a scope may refuse, but it may also leave out what the scope does not reach and say nothing:
then an empty answer does not mean that there is nothing.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from cds.fhir.server.queries import Query

__all__ = ["Reach", "reach"]

Reach = Literal["all", "some", "none"]

_CLINICAL: Final = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|[cruds]+)(\?.*)?")


def reach(scope: str, query: Query) -> Reach:
    """How much of the answer to `query` a token with `scope` reaches; "all" where its scopes say nothing of resources.

    "some": only scopes with parameters (`patient/Observation.rs?category=laboratory`) name the type.
    """
    clinical = [found.groups() for found in map(_CLINICAL.fullmatch, scope.split()) if found]
    if not clinical:
        return "all"
    letter = "s" if query.is_search else "r"
    narrow = [
        bool(parameters)
        for kind, access, parameters in clinical
        if kind in ("*", query.type) and (access in ("read", "*") or (access != "write" and letter in access))
    ]
    if not narrow:
        return "none"
    return "some" if all(narrow) else "all"
