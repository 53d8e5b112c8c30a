"""Suggested resources for clients that speak R5 or STU3: what was made for R4, written as the other release writes it.

Only the members that `cds.cards.suggestions` makes are known here; at start-up `fhir.resources` proves each kind of
resource valid in each release. For DSTU2 nothing is written: what is asked for is then said in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cds.cards.context import Release

__all__ = ["in_release", "prove"]

Resource = dict[str, Any]


def in_release(release: Release, resource: Resource) -> Resource:
    """`resource`, which was made for R4, as `release` writes it."""
    rewrite = _REWRITTEN.get((release, resource["resourceType"]))
    return rewrite(dict(resource)) if rewrite is not None else resource


def prove(request: Resource, condition: Resource, observation: Resource) -> None:
    """Check resources with every member that filling can add in R5 and STU3. Raises pydantic's ValidationError."""
    from fhir.resources import condition as condition_r5
    from fhir.resources import observation as observation_r5
    from fhir.resources import servicerequest as request_r5
    from fhir.resources.STU3 import condition as condition_stu3
    from fhir.resources.STU3 import observation as observation_stu3
    from fhir.resources.STU3 import procedurerequest as request_stu3

    request_r5.ServiceRequest.model_validate(in_release("R5", request))
    condition_r5.Condition.model_validate(in_release("R5", condition))
    observation_r5.Observation.model_validate(in_release("R5", observation))
    request_stu3.ProcedureRequest.model_validate(in_release("STU3", request))
    condition_stu3.Condition.model_validate(in_release("STU3", condition))
    observation_stu3.Observation.model_validate(in_release("STU3", observation))


def _request_r5(made: Resource) -> Resource:
    """A code is a concept or a reference to a definition; so is a reason."""
    made["code"] = {"concept": made["code"]}
    if "reasonReference" in made:
        made["reason"] = [{"reference": each} for each in made.pop("reasonReference")]
    return made


def _condition_r5(made: Resource) -> Resource:
    """Evidence is a list of concepts and references."""
    if "evidence" in made:
        made["evidence"] = [{"reference": detail} for each in made["evidence"] for detail in each["detail"]]
    return made


def _request_stu3(made: Resource) -> Resource:
    """It was called ProcedureRequest; who asks is an agent, and no role."""
    made["resourceType"] = "ProcedureRequest"
    asked = made.pop("requester", None)
    if asked is not None and asked["reference"].startswith("Practitioner/"):
        made["requester"] = {"agent": asked}
    _keep(made, "reasonReference", ("Condition", "Observation"))
    return _in_context(made)


def _condition_stu3(made: Resource) -> Resource:
    """Statuses were codes, there was one stage, and the date was that of the assertion."""
    for status in ("clinicalStatus", "verificationStatus"):
        made[status] = made[status]["coding"][0]["code"]
    if "stage" in made:
        made["stage"] = made["stage"][0]
    made["assertedDate"] = made.pop("recordedDate")
    return _in_context(made)


def _observation_stu3(made: Resource) -> Resource:
    """No integers; what it derives from was one way of being related."""
    if "valueInteger" in made:
        made["valueQuantity"] = {"value": made.pop("valueInteger")}
    _keep(made, "derivedFrom", ("Observation", "QuestionnaireResponse"))
    if "derivedFrom" in made:
        made["related"] = [{"type": "derived-from", "target": each} for each in made.pop("derivedFrom")]
    return _in_context(made)


def _observation_r5(made: Resource) -> Resource:
    """There are no Media."""
    return _keep(made, "derivedFrom", ("Observation", "QuestionnaireResponse", "DocumentReference", "ImagingStudy"))


def _keep(made: Resource, member: str, types: tuple[str, ...]) -> Resource:
    """Of the references in `member` those to `types`, to which the release lets them point."""
    kept = [each for each in made.pop(member, ()) if each["reference"].partition("/")[0] in types]
    if kept:
        made[member] = kept
    return made


def _in_context(made: Resource) -> Resource:
    """The encounter was the context."""
    if "encounter" in made:
        made["context"] = made.pop("encounter")
    return made


_REWRITTEN: Final[Mapping[tuple[Release, str], Callable[[Resource], Resource]]] = {
    ("R5", "ServiceRequest"): _request_r5,
    ("R5", "Condition"): _condition_r5,
    ("R5", "Observation"): _observation_r5,
    ("STU3", "ServiceRequest"): _request_stu3,
    ("STU3", "Condition"): _condition_stu3,
    ("STU3", "Observation"): _observation_stu3,
}
