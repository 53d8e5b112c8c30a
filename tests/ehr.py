"""A small electronic health record: it answers prefetch templates from a list of resources, and consults the service.

It searches as a FHIR server does (type, patient, token parameters, `_count` with a `next` link) and knows no search
parameter that a normal server would not, so that a template which no server could answer fails here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx

__all__ = ["EVALUATION", "Answer", "Ehr", "Opinion", "consult", "opinion", "request_body"]

EVALUATION = "calcification-cds.evaluation"
Resource = dict[str, Any]

_PATIENT_PARAMETERS = {"patient", "subject"}
_TOKENS = {
    "category": "category",
    "clinical-status": "clinicalStatus",
    "code": "code",
    "intent": "intent",
    "status": "status",
    "verification-status": "verificationStatus",
}
_CONTROLS = {"_count", "_sort", "_include"}
_DATES = ("effectiveDateTime", "authoredOn", "recordedDate", "onsetDateTime", "issued", "performedDateTime")


class Ehr:
    """The record of one patient."""

    def __init__(self, patient_id: str, resources: Iterable[Resource]) -> None:
        self.patient_id = patient_id
        self.resources = list(resources)

    def prefetch(self, templates: Mapping[str, str]) -> dict[str, Any]:
        """What a client sends for `templates`: a resource for a read, a searchset for a search."""
        return {key: self._answer(template) for key, template in templates.items()}

    def _answer(self, template: str) -> Any:
        query = template.replace("{{context.patientId}}", self.patient_id)
        assert "{{" not in query, f"a template that not every client resolves (D4): {template}"
        kind, found, parameters = query.partition("?")
        if not found:
            return self._read(*kind.split("/"))
        return self._search(kind, parse_qsl(parameters, strict_parsing=True))

    def _read(self, kind: str, identifier: str) -> Resource | None:
        same = (each for each in self.resources if each["resourceType"] == kind and each.get("id") == identifier)
        return next(same, None)

    def _search(self, kind: str, parameters: Sequence[tuple[str, str]]) -> Resource:
        unknown = {name for name, _ in parameters} - _PATIENT_PARAMETERS - set(_TOKENS) - _CONTROLS
        assert not unknown, f"search parameters that a normal server may not know (D4): {unknown}"
        assert any(name in _PATIENT_PARAMETERS for name, _ in parameters), "a search across patients"
        found = [
            each
            for each in self.resources
            if each["resourceType"] == kind
            and all(_matches(each, _TOKENS[name], value) for name, value in parameters if name in _TOKENS)
        ]
        controls = dict(parameters)
        if controls.get("_sort", "").startswith("-"):
            found.sort(key=_date, reverse=True)
        return searchset(found, page=int(controls.get("_count", "1000000")))


def searchset(resources: Sequence[Resource], page: int = 1_000_000) -> Resource:
    """A searchset Bundle of the first `page` resources, with a `next` link when there are more."""
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(resources)}
    if len(resources) > page:
        bundle["link"] = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]
    bundle["entry"] = [{"resource": each, "search": {"mode": "match"}} for each in resources[:page]]
    return bundle


def _matches(resource: Resource, member: str, value: str) -> bool:
    have = _tokens(resource.get(member))
    for wanted in value.split(","):
        system, bar, code = wanted.rpartition("|")
        if any(code == each_code and (not bar or system == each_system) for each_system, each_code in have):
            return True
    return False


def _tokens(value: Any) -> list[tuple[str, str]]:
    """(system, code) of a code, a CodeableConcept or a list of them."""
    if isinstance(value, str):
        return [("", value)]
    if isinstance(value, list):
        return [token for each in value for token in _tokens(each)]
    if isinstance(value, dict):
        return [(each.get("system", ""), each.get("code", "")) for each in value.get("coding", [])]
    return []


def _date(resource: Resource) -> str:
    return next((str(resource[name]) for name in _DATES if name in resource), "")


class Answer(NamedTuple):
    """What one service answered."""

    service: str
    status: int
    body: dict[str, Any]


class Opinion(NamedTuple):
    """What the services say together, free of wording and of anything fresh per display: equal for equal charts."""

    classification: str
    lean: str | None
    porter: tuple[int, int] | None
    ceap: str | None
    forms: frozenset[str]
    causes: frozenset[tuple[str, str]]
    cards: tuple[tuple[str, str], ...]
    """(card id, indicator), sorted; the indicator of a card that the display limit left out is ""."""


def request_body(
    ehr: Ehr, service: Mapping[str, Any], *, hook: str = "patient-view", context: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The CDS Hooks request for one entry of the discovery answer."""
    return {
        "hook": hook,
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/example", "patientId": ehr.patient_id, **(context or {})},
        "prefetch": ehr.prefetch(service.get("prefetch", {})),
    }


def consult(
    client: httpx.Client,
    ehr: Ehr,
    *,
    hook: str = "patient-view",
    context: Mapping[str, Any] | None = None,
    language: str = "en",
) -> list[Answer]:
    """Discover, then ask every service of `hook`."""
    discovery = client.get("/cds-services")
    assert discovery.status_code == 200
    services = [each for each in discovery.json()["services"] if each["hook"] == hook]
    assert services, f"no service on {hook}"
    answers = []
    for service in services:
        reply = client.post(
            f"/cds-services/{service['id']}",
            json=request_body(ehr, service, hook=hook, context=context),
            headers={"Accept-Language": language},
        )
        answers.append(Answer(service["id"], reply.status_code, reply.json()))
    return answers


def opinion(answers: Sequence[Answer]) -> Opinion:
    """The union of what the services say. Asserts that every one answered, and that they agree on the patient."""
    assert all(each.status == 200 for each in answers), [(each.service, each.status, each.body) for each in answers]
    evaluations = [each.body["extension"][EVALUATION] for each in answers]
    first = evaluations[0]
    for name in ("classification", "lean", "porter", "ceap", "forms", "causes"):
        assert all(each.get(name) == first.get(name) for each in evaluations), f"the services disagree on {name}"
    shown = [(card["source"]["topic"]["code"], card["indicator"]) for each in answers for card in each.body["cards"]]
    left_out = [(card, "") for each in evaluations for card in each.get("suppressedCards", [])]
    assert len(dict(shown)) == len(shown), f"a card stands twice: {shown}"
    porter = first.get("porter")
    return Opinion(
        classification=first["classification"],
        lean=first.get("lean"),
        porter=(porter["min"], porter["max"]) if porter else None,
        ceap=first.get("ceap"),
        forms=frozenset(first.get("forms") or ()),
        causes=frozenset((each["id"], each["level"]) for each in first.get("causes") or ()),
        cards=tuple(sorted(shown + left_out)),
    )
