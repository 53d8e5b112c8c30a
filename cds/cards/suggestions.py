"""What a clinician may accept: draft requests and provisional problem-list entries (section 13, clauses C3 and C4).

The resources are made from templates that `fhir.resources` (R4B) has checked once; per card they are only filled. Never
made here: a medicine, a biopsy, compression, an update, a deletion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from cds.cards.context import CardContext
from cds.cards.markdown import plain
from cds.hooks.models import Action, Suggestion
from cds.reasoning.chart import Coding, Ref
from cds.reasoning.conclusions import Proposal, Request
from cds.reasoning.knowledge.wording import Labels

__all__ = ["Resource", "Templates", "checked_templates", "suggestions"]

Resource = dict[str, Any]

_REASONS = frozenset({"Condition", "Observation", "DiagnosticReport", "DocumentReference"})
"""What ServiceRequest.reasonReference may point to."""
_SIGNS = frozenset({"Observation", "QuestionnaireResponse", "DocumentReference", "ImagingStudy", "Media"})
"""What Observation.derivedFrom may point to."""

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


class Templates(NamedTuple):
    """What every suggested resource of a kind has in common."""

    request: Resource
    condition: Resource
    observation: Resource


_TEMPLATES = Templates(
    request={"resourceType": "ServiceRequest", "status": "draft", "intent": "proposal"},
    condition={
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": f"{_TERMINOLOGY}/condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{_TERMINOLOGY}/condition-ver-status", "code": "provisional"}]},
        "category": [{"coding": [{"system": f"{_TERMINOLOGY}/condition-category", "code": "problem-list-item"}]}],
    },
    observation={"resourceType": "Observation", "status": "preliminary"},
)


def checked_templates() -> Templates:
    """The templates, each proved valid in R4 with every member that filling can add.

    Call it once, when the service starts: importing `fhir.resources` takes most of a second. Raises pydantic's
    ValidationError when a template is wrong.
    """
    from fhir.resources.R4B.condition import Condition
    from fhir.resources.R4B.observation import Observation
    from fhir.resources.R4B.servicerequest import ServiceRequest

    someone = {"reference": "Patient/example"}
    encounter = {"reference": "Encounter/example"}
    code = {"coding": [{"system": "http://loinc.org", "code": "1995-0", "display": "Calcium.ionized"}], "text": "text"}
    common = {"code": code, "subject": someone, "encounter": encounter}
    ServiceRequest.model_validate(
        _TEMPLATES.request
        | common
        | {
            "category": [{"text": "laboratory"}],
            "priority": "routine",
            "requester": {"reference": "Practitioner/example"},
            "reasonReference": [{"reference": "Condition/example"}],
            "bodySite": [{"text": "text"}],
            "occurrencePeriod": {"start": "2026-01-01"},
            "note": [{"text": "CLS-1"}],
        }
    )
    Condition.model_validate(
        _TEMPLATES.condition
        | common
        | {
            "recordedDate": "2026-01-01T00:00:00+00:00",
            "stage": [{"summary": {"text": "text"}}],
            "evidence": [{"detail": [{"reference": "Observation/example"}]}],
        }
    )
    Observation.model_validate(
        _TEMPLATES.observation
        | common
        | {
            "effectiveDateTime": "2026-01-01T00:00:00+00:00",
            "valueInteger": 3,
            "component": [{"code": {"text": "text"}, "valueRange": {"low": {"value": 3}, "high": {"value": 4}}}],
            "derivedFrom": [{"reference": "Observation/example"}],
        }
    )
    return _TEMPLATES


class Phrases(NamedTuple):
    """The labels of suggestions in one language."""

    by_kind: dict[str, str]
    after_days: str
    draft: str
    proposal: str
    range: str

    @classmethod
    def of(cls, labels: Labels, language: str) -> Phrases:
        kinds = ("laboratory", "imaging", "referral", "procedure", "condition", "stage_observation")
        return cls(
            by_kind={kind.replace("_", "-"): getattr(labels, kind).in_(language) for kind in kinds},
            after_days=labels.after_days.in_(language),
            draft=labels.draft.in_(language),
            proposal=labels.proposal.in_(language),
            range=labels.range.in_(language),
        )


def suggestions(
    requests: Iterable[Request],
    proposals: Iterable[Proposal],
    language: str,
    context: CardContext,
    templates: Templates,
    phrases: Phrases,
) -> tuple[Suggestion, ...]:
    """One suggestion per request and per proposal, each with one action that creates one resource (C3)."""
    made = [
        _suggestion(
            request_label(request, language, phrases),
            phrases.draft.format(what=request.text.in_(language)),
            _service_request(request, language, context, templates.request),
            context,
        )
        for request in requests
    ]
    for proposal in proposals:
        what = proposal.text.in_(language)
        fill = _condition if proposal.kind == "condition" else _observation
        template = templates.condition if proposal.kind == "condition" else templates.observation
        resource = fill(proposal, language, context, template, phrases)
        label = phrases.by_kind[proposal.kind].format(what=what)
        made.append(_suggestion(label, phrases.proposal.format(what=what), resource, context))
    return tuple(made)


def request_label(request: Request, language: str, phrases: Phrases) -> str:
    """What is asked for, where and when, in a few words."""
    what = request.text.in_(language)
    if request.site:
        what = f"{what} - {plain(request.site, 60)}"
    if request.after_days is not None:
        what = phrases.after_days.format(what=what, days=request.after_days)
    return phrases.by_kind[request.kind].format(what=what)


def _suggestion(label: str, description: str, resource: Resource, context: CardContext) -> Suggestion:
    action = Action(type="create", description=description, resource=resource)
    return Suggestion(label=label, uuid=context.new_uuid(), actions=(action,))


def _service_request(request: Request, language: str, context: CardContext, template: Resource) -> Resource:
    made = template | {
        "category": [{"text": request.kind}],
        "priority": request.priority,
        "code": _code(request.coding, request.text.in_(language)),
        **_subject(context),
    }
    if context.practitioner:
        made["requester"] = {"reference": context.practitioner}
    if request.after_days is not None:
        start = context.now + timedelta(days=request.after_days)
        made["occurrencePeriod"] = {"start": start.date().isoformat()}
    if reasons := list(_references(request.reasons, _REASONS)):
        made["reasonReference"] = reasons
    if site := plain(request.site):
        made["bodySite"] = [{"text": site}]
    if request.note:
        made["note"] = [{"text": request.note}]
    return made


def _condition(
    proposal: Proposal, language: str, context: CardContext, template: Resource, _phrases: Phrases
) -> Resource:
    made = template | {
        "code": _code(proposal.coding, proposal.text.in_(language)),
        **_subject(context),
        "recordedDate": context.now.isoformat(timespec="seconds"),
    }
    if proposal.stage_text:
        made["stage"] = [{"summary": {"text": proposal.stage_text.in_(language)}}]
    if details := list(_references(proposal.sources)):
        made["evidence"] = [{"detail": details}]
    return made


def _observation(
    proposal: Proposal, language: str, context: CardContext, template: Resource, phrases: Phrases
) -> Resource:
    made = template | {
        "code": _code(proposal.coding, proposal.text.in_(language)),
        **_subject(context),
        "effectiveDateTime": context.now.isoformat(timespec="seconds"),
    }
    if proposal.stage:
        lowest, highest = proposal.stage
        made["valueInteger"] = lowest
        limits = {"low": {"value": lowest}, "high": {"value": highest}}
        made["component"] = [{"code": {"text": phrases.range}, "valueRange": limits}]
    if signs := list(_references(proposal.sources, _SIGNS)):
        made["derivedFrom"] = signs
    return made


def _subject(context: CardContext) -> Resource:
    made: Resource = {"subject": {"reference": f"Patient/{context.patient_id}"}}
    if context.encounter_id:
        made["encounter"] = {"reference": f"Encounter/{context.encounter_id}"}
    return made


def _code(coding: Coding | None, text: str) -> Resource:
    if coding is None:
        return {"text": text}
    one = {"system": coding.system, "code": coding.code}
    if coding.display:
        one["display"] = coding.display
    return {"coding": [one], "text": text}


def _references(sources: Iterable[Ref], types: frozenset[str] | None = None) -> Iterator[Resource]:
    """References that the client can resolve, each once, of `types` only."""
    for source in dict.fromkeys(str(each) for each in sources if each.id and (types is None or each.type in types)):
        yield {"reference": source}
