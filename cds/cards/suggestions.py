"""What a clinician may accept: draft requests and provisional problem-list entries (section 13, clauses C3 and C4).

The resources are made from templates that `fhir.resources` (R4B) has checked once; per card they are only filled, and
written anew for a client of another release (`cds.cards.releases`). Never made here: a medicine, a biopsy, compression, an
update. The only deletion is that of a draft order that the request itself brings along, before it is signed (ORD-0d).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from cds.cards.context import CardContext
from cds.cards.markdown import plain
from cds.cards.releases import in_release, prove
from cds.hooks.models import Action, Suggestion
from cds.reasoning.chart import Coding, Ref
from cds.reasoning.conclusions import Proposal, Removal, Request
from cds.reasoning.knowledge.wording import Labels

__all__ = ["Resource", "Templates", "checked_templates", "removals", "suggestions"]

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
    """The templates, each proved valid in every release with every member that filling can add.

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
    request = (
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
    condition = (
        _TEMPLATES.condition
        | common
        | {
            "recordedDate": "2026-01-01T00:00:00+00:00",
            "stage": [{"summary": {"text": "text"}}],
            "evidence": [{"detail": [{"reference": "Observation/example"}]}],
        }
    )
    observation = (
        _TEMPLATES.observation
        | common
        | {
            "effectiveDateTime": "2026-01-01T00:00:00+00:00",
            "valueInteger": 3,
            "component": [{"code": {"text": "text"}, "valueRange": {"low": {"value": 3}, "high": {"value": 4}}}],
            "derivedFrom": [{"reference": "Observation/example"}],
        }
    )
    ServiceRequest.model_validate(request)
    Condition.model_validate(condition)
    Observation.model_validate(observation)
    prove(request, condition, observation)
    return _TEMPLATES


class Phrases(NamedTuple):
    """The labels of suggestions in one language, cut where the words go in."""

    by_kind: Mapping[str, tuple[str, str]]
    draft: tuple[str, str]
    removal: tuple[str, str]
    proposal: tuple[str, str]
    after_days: str
    range: str

    @classmethod
    def of(cls, labels: Labels, language: str) -> Phrases:
        kinds = ("laboratory", "imaging", "referral", "procedure", "condition", "stage_observation")
        return cls(
            by_kind={kind.replace("_", "-"): _cut(getattr(labels, kind).in_(language)) for kind in kinds},
            draft=_cut(labels.draft.in_(language)),
            removal=_cut(labels.removal.in_(language)),
            proposal=_cut(labels.proposal.in_(language)),
            after_days=labels.after_days.in_(language),
            range=labels.range.in_(language),
        )


def _cut(phrase: str) -> tuple[str, str]:
    before, _, after = phrase.partition("{what}")
    return before, after


def suggestions(
    requests: Iterable[Request],
    proposals: Iterable[Proposal],
    language: str,
    context: CardContext,
    templates: Templates,
    phrases: Phrases,
) -> tuple[Suggestion, ...]:
    """One suggestion per request and per proposal, each with one action that creates one resource (C3)."""
    about = _about(context)
    made: list[Suggestion] = []
    base = templates.request | about
    if context.practitioner:
        base["requester"] = {"reference": context.practitioner}
    for request in requests:
        description = request.text.in_(language).join(phrases.draft)
        resource = _service_request(request, language, context, base)
        made.append(_suggestion(request_label(request, language, phrases), description, resource, context))
    for proposal in proposals:
        what = proposal.text.in_(language)
        if proposal.kind == "condition":
            resource = _condition(proposal, language, context, templates.condition | about)
        else:
            resource = _observation(proposal, language, context, templates.observation | about, phrases)
        label = _proposed(proposal, language).join(phrases.by_kind[proposal.kind])
        description = what.join(phrases.proposal)
        made.append(_suggestion(label, description, resource, context))
    return tuple(made)


def _proposed(proposal: Proposal, language: str) -> str:
    """What is proposed, with the stage that is recorded: nobody accepts a value unseen."""
    what = proposal.text.in_(language)
    if proposal.stage_text is not None:
        return f"{what} ({proposal.stage_text.in_(language)})"
    if proposal.stage is None:
        return what
    low, high = proposal.stage
    return f"{what}{' : ' if language == 'fr' else ': '}{low}" + (f" ({low}-{high})" if low != high else "")


def removals(
    drafts: Iterable[Removal], language: str, context: CardContext, phrases: Phrases
) -> tuple[Suggestion, ...]:
    """One suggestion per draft order that may be taken back: an action that deletes it, and nothing that is stored."""
    return tuple(
        Suggestion(
            label=each.text.in_(language),
            uuid=context.new_uuid(),
            isRecommended=False,
            actions=(
                Action(
                    type="delete",
                    description=each.text.in_(language).join(phrases.removal),
                    resourceId=each.resource_id,
                ),
            ),
        )
        for each in drafts
        if each.resource_id
    )


def request_label(request: Request, language: str, phrases: Phrases) -> str:
    """What is asked for, where and when, in a few words."""
    what = request.text.in_(language)
    if request.site:
        what = f"{what} - {plain(request.site, 60)}"
    if request.after_days is not None:
        what = phrases.after_days.format(what=what, days=request.after_days)
    return what.join(phrases.by_kind[request.kind])


def _suggestion(label: str, description: str, resource: Resource, context: CardContext) -> Suggestion:
    if (release := context.release) and release != "R4":
        resource = in_release(release, resource)
    action = Action(type="create", description=description, resource=resource)
    return Suggestion(label=label, uuid=context.new_uuid(), isRecommended=False, actions=(action,))


def _service_request(request: Request, language: str, context: CardContext, base: Resource) -> Resource:
    made = base.copy()
    made["category"] = [{"text": request.kind}]
    made["priority"] = request.priority
    made["code"] = _code(request.coding, request.text.in_(language))
    if request.after_days is not None:
        start = context.now + timedelta(days=request.after_days)
        made["occurrencePeriod"] = {"start": start.date().isoformat()}
    if reasons := _references(request.reasons, _REASONS):
        made["reasonReference"] = reasons
    if site := plain(request.site):
        made["bodySite"] = [{"text": site}]
    if request.note:
        made["note"] = [{"text": request.note}]
    return made


def _condition(proposal: Proposal, language: str, context: CardContext, base: Resource) -> Resource:
    made = base | {
        "code": _code(proposal.coding, proposal.text.in_(language)),
        "recordedDate": context.now.isoformat(timespec="seconds"),
    }
    if proposal.stage_text:
        made["stage"] = [{"summary": {"text": proposal.stage_text.in_(language)}}]
    if details := _references(proposal.sources):
        made["evidence"] = [{"detail": details}]
    return made


def _observation(proposal: Proposal, language: str, context: CardContext, base: Resource, phrases: Phrases) -> Resource:
    made = base | {
        "code": _code(proposal.coding, proposal.text.in_(language)),
        "effectiveDateTime": context.now.isoformat(timespec="seconds"),
    }
    if proposal.stage:
        lowest, highest = proposal.stage
        made["valueInteger"] = lowest
        limits = {"low": {"value": lowest}, "high": {"value": highest}}
        made["component"] = [{"code": {"text": phrases.range}, "valueRange": limits}]
    if signs := _references(proposal.sources, _SIGNS):
        made["derivedFrom"] = signs
    return made


def _about(context: CardContext) -> Resource:
    """Whom it is about, and in which encounter."""
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


def _references(sources: Iterable[Ref], types: frozenset[str] | None = None) -> list[Resource]:
    """References that the client can resolve, each once, of `types` only."""
    names = {f"{each.type}/{each.id}": None for each in sources if each.id and (types is None or each.type in types)}
    return [{"reference": name} for name in names]
