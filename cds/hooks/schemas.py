"""The schemas of the OpenAPI document: what is sent and what is read, made from the very types that do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cds.hooks.contexts import HOOKS
from cds.hooks.feedback import MOST
from cds.hooks.models import Discovery, Response
from cds.hooks.requests import Authorization

__all__ = ["OBJECT", "REF", "request_name", "schemas"]

REF = "#/components/schemas/{name}"
_UUID = {"type": "string", "format": "uuid"}
OBJECT: dict[str, Any] = {"type": "object"}
_REQUIRED: Mapping[str | None, dict[str, Any]] = {"string": {"minLength": 1}, None: OBJECT}
"""What a required member must be besides its type: text is not empty, a resource (of no type) is an object."""
_NOTHING: dict[str, Any] = {"type": ["object", "null"], "maxProperties": 0}

_TEXT = {"type": "string", "minLength": 1}
_NO_TEXT = {"enum": [None, ""]}
_GIVEN_CODING = {"type": "object", "required": ["code"], "properties": {"code": _TEXT}}
_CODING = {
    "type": ["object", "null"],
    "properties": {"code": {"type": ["string", "null"]}, "system": {"type": ["string", "null"]}},
}
_FEEDBACK: Mapping[str, Any] = {
    "FeedbackRequest": {
        "title": "FeedbackRequest",
        "type": "object",
        "properties": {
            "feedback": {"type": "array", "maxItems": MOST, "items": {"$ref": REF.format(name="FeedbackItem")}}
        },
        "required": ["feedback"],
    },
    "FeedbackItem": {
        "title": "FeedbackItem",
        "type": "object",
        "properties": {
            "card": _UUID,
            "outcome": {"enum": ["accepted", "overridden"]},
            "acceptedSuggestions": {
                "type": ["array", "null"],
                "items": {"type": "object", "properties": {"id": _UUID}, "required": ["id"]},
            },
            "overrideReason": {
                "type": ["object", "null"],
                "properties": {
                    "reason": _CODING,
                    "userComment": {"type": ["string", "null"]},
                    "userComments": {"type": ["string", "null"]},
                },
                "anyOf": [
                    {"type": "null"},
                    {"required": ["reason"], "properties": {"reason": _GIVEN_CODING}},
                    {"required": ["userComment"], "properties": {"userComment": _TEXT}},
                    {"required": ["userComments"], "properties": {"userComments": _TEXT}},
                ],
            },
            "outcomeTimestamp": {"anyOf": [_NO_TEXT, {"type": "string", "format": "date-time"}]},
        },
        "required": ["card", "outcome"],
        "if": {"properties": {"outcome": {"const": "accepted"}}},
        "then": {
            "properties": {"acceptedSuggestions": {"type": "array", "minItems": 1}},
            "required": ["acceptedSuggestions"],
        },
    },
}
"""What a feedback call sends (F1)."""


def schemas(hooks: Iterable[str], *, feedback: bool) -> dict[str, Any]:
    """By name: what is sent, the request of each of `hooks`, the error, and what `feedback` sends where that is taken."""
    found = {**_outgoing(), **_incoming(hooks), **_outcome(), **(_FEEDBACK if feedback else {})}
    return dict(sorted(found.items()))


def request_name(hook: str) -> str:
    """Name of the schema of a request on `hook`."""
    return HOOKS[hook].context.__name__ + "Request"


def _outgoing() -> dict[str, Any]:
    """Schemas of what is sent. An empty value never leaves (C9), so none is described."""
    _, schemas = msgspec.json.schema_components((Response, Discovery), ref_template=REF)
    return {name: _never_empty(schema) for name, schema in schemas.items()}


def _never_empty(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_never_empty(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema:
        return _never_empty(next(each for each in schema["anyOf"] if each != {"type": "null"}))
    plain = {key: _never_empty(value) for key, value in schema.items() if key != "default"}
    if plain.get("type") == "string":
        plain["minLength"] = 1
    if "enum" in plain:
        plain = {"type": "string", "enum": [value for value in plain["enum"] if value]}
    return plain


def _incoming(hooks: Iterable[str]) -> dict[str, Any]:
    """Schemas of what is read: the request of each hook with its context, and the authorization."""
    contexts = {hook: HOOKS[hook].context for hook in hooks}
    _, schemas = msgspec.json.schema_components((*contexts.values(), Authorization), ref_template=REF)
    for schema in schemas.values():
        for name in schema["required"]:
            member = schema["properties"][name]
            member.update(_REQUIRED.get(member.get("type"), {}))
    schemas[Authorization.__name__]["properties"]["token_type"] = {"const": "Bearer"}
    return {**schemas, **{request_name(hook): _request(hook, context.__name__) for hook, context in contexts.items()}}


def _request(hook: str, context: str) -> dict[str, Any]:
    return {
        "title": request_name(hook),
        "type": "object",
        "properties": {
            "hook": {"const": hook},
            "hookInstance": _UUID,
            "context": {"$ref": REF.format(name=context)},
            "fhirServer": {"type": ["string", "null"], "pattern": "^($|https?://)"},
            "fhirAuthorization": {"anyOf": [{"$ref": REF.format(name=Authorization.__name__)}, _NOTHING]},
            "prefetch": {"type": ["object", "null"]},
            "extension": {"type": ["object", "null"]},
        },
        "required": ["hook", "hookInstance", "context"],
        "if": {
            "properties": {"fhirAuthorization": {"type": "object", "minProperties": 1}},
            "required": ["fhirAuthorization"],
        },
        "then": {"properties": {"fhirServer": {"type": "string", "minLength": 1}}, "required": ["fhirServer"]},
    }


def _outcome() -> Mapping[str, Any]:
    text = {"type": "string", "minLength": 1}
    issue = {
        "type": "object",
        "properties": {"severity": {"const": "error"}, "code": text, "diagnostics": text},
        "required": ["severity", "code", "diagnostics"],
        "additionalProperties": False,
    }
    outcome = {
        "title": "OperationOutcome",
        "type": "object",
        "properties": {
            "resourceType": {"const": "OperationOutcome"},
            "issue": {"type": "array", "items": issue, "minItems": 1},
        },
        "required": ["resourceType", "issue"],
        "additionalProperties": False,
    }
    return {"OperationOutcome": outcome}
