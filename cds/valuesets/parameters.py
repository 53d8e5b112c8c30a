"""FHIR Parameters: what an operation is asked with, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["parameters", "parts", "plain_values"]

_KINDS: Final = {"url": "valueUri", "system": "valueUri", "code": "valueCode", "property": "valueCode"}
"""Strings that are more than that, by the name of the parameter."""


def parameters(**values: Any) -> dict[str, Any]:
    """FHIR Parameters of strings, numbers, booleans and resources."""
    return {"resourceType": "Parameters", "parameter": [_parameter(name, value) for name, value in values.items()]}


def _parameter(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"name": name, "resource": value}
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    if isinstance(value, int):
        return {"name": name, "valueInteger": value}
    return {"name": name, _KINDS.get(name, "valueString"): value}


def plain_values(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of FHIR Parameters by name."""
    return {
        each.get("name", ""): next(value for key, value in each.items() if key.startswith("value"))
        for each in answer.get("parameter", ())
        if any(key.startswith("value") for key in each)
    }


def parts(answer: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The plain values of each parameter `name` that has parts."""
    for each in answer.get("parameter", ()):
        if each.get("name") == name:
            yield plain_values({"parameter": each.get("part", ())})
