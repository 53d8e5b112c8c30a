"""A small FHIR terminology server on a socket of its own: one code system with a hierarchy, truthfully searched.

It answers `GET CodeSystem?url=`, `ValueSet/$expand` (is-a filters, activeOnly, count, offset), `CodeSystem/$validate-code`
and `CodeSystem/$lookup` as FHIR R4 defines them, and can be told to be as difficult as real ones are.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

__all__ = ["Concept", "TerminologyService", "running"]

_RETIRED = {"property": "inactive", "op": "=", "value": "true"}


class Concept(NamedTuple):
    display: str
    parents: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    inactive: bool = False
    abstract: bool = False


@dataclass
class TerminologyService:
    """What it holds, what it demands, and how it behaves."""

    system: str
    concepts: Mapping[str, Concept]
    release: str = "2026-01"
    token: str = ""
    """The bearer token that it demands."""
    busy: int = 0
    """How often it still answers 503."""
    moved: bool = False
    """Whether it redirects every question elsewhere."""
    remarks_on_displays: bool = False
    """Whether a wrong name is a remark on a valid code, and not an error."""
    says_inactive: bool = True
    """Whether `$validate-code` says that a code is retired; else only `$lookup` does."""
    heeds_active_only: bool = True
    """Whether it leaves retired codes out of an expansion and says so, or gives them unmarked."""
    says_so: bool = True
    """Whether it says which parameters of an expansion it has heeded."""
    filters_inactive: bool = True
    """Whether an expansion may be asked for retired codes alone."""
    remarks_on_synonyms: bool = False
    """Whether it takes every name but the one that it prefers for a wrong one."""
    looks_up: bool = True
    """Whether `$lookup` answers at all."""
    page: int = 10**6
    """Most codes of one page, whatever is asked."""
    garbled: bool = False
    """Whether it answers in HTML."""
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/fhir/CodeSystem", self._systems, methods=["GET"]),
                Route("/fhir/ValueSet/$expand", self._expand, methods=["POST"]),
                Route("/fhir/CodeSystem/$validate-code", self._validate, methods=["POST"]),
                Route("/fhir/CodeSystem/$lookup", self._lookup, methods=["POST"]),
            ]
        )

    def code_system(self) -> dict[str, Any]:
        """The same as a CodeSystem, to be stored on another FHIR server (`PUT CodeSystem/tiny`) and asked there. A
        concept with several parents stands below the first and names the others as properties."""

        def nested(code: str) -> dict[str, Any]:
            concept = self.concepts[code]
            properties: list[dict[str, Any]] = [{"code": "parent", "valueCode": each} for each in concept.parents[1:]]
            if concept.inactive:
                properties.append({"code": "inactive", "valueBoolean": True})
            below = [nested(each) for each, other in self.concepts.items() if other.parents[:1] == (code,)]
            return {
                "code": code,
                "display": concept.display,
                **({"designation": [{"value": each} for each in concept.synonyms]} if concept.synonyms else {}),
                **({"property": properties} if properties else {}),
                **({"concept": below} if below else {}),
            }

        return {
            "resourceType": "CodeSystem",
            "id": "tiny",
            "url": self.system,
            "version": self.release,
            "status": "active",
            "content": "complete",
            "hierarchyMeaning": "is-a",
            "property": [
                {"code": "inactive", "type": "boolean"},
                {"code": "parent", "type": "code"},
            ],
            "concept": [nested(code) for code, each in self.concepts.items() if not each.parents],
        }

    async def _systems(self, request: Request) -> Response:
        if trouble := self._trouble(request):
            return trouble
        held = request.query_params["url"] == self.system
        entry = [{"resource": {"resourceType": "CodeSystem", "url": self.system}}] if held else []
        return JSONResponse({"resourceType": "Bundle", "type": "searchset", "total": len(entry), "entry": entry})

    async def _expand(self, request: Request) -> Response:
        if trouble := self._trouble(request):
            return trouble
        asked = _values(await request.json())
        found: dict[str, None] = {}
        for include in asked["valueSet"]["compose"]["include"]:
            each, *others = include["filter"]
            if each["op"] != "is-a" or include["system"] != self.system or each["value"] not in self.concepts:
                return _outcome(422, f"the filter {each['op']} {each['value']} cannot be applied")
            if others and not (self.filters_inactive and others == [_RETIRED]):
                return _outcome(422, "the second filter cannot be applied")
            found |= dict.fromkeys(
                code for code in self._below(each["value"]) if not others or self.concepts[code].inactive
            )
        active_only = asked["activeOnly"] and self.heeds_active_only
        codes = [each for each in found if not (active_only and self.concepts[each].inactive)]
        page = codes[asked["offset"] :][: min(asked["count"], self.page)]
        contains = [
            {
                "system": self.system,
                "code": code,
                "display": self.concepts[code].display,
                **({"abstract": True} if self.concepts[code].abstract else {}),
            }
            for code in page
        ]
        parameter: list[dict[str, Any]] = [{"name": "used-codesystem", "valueUri": f"{self.system}|{self.release}"}]
        if active_only and self.says_so:
            parameter.append({"name": "activeOnly", "valueBoolean": True})
        expansion = {"total": len(codes), "offset": asked["offset"], "parameter": parameter, "contains": contains}
        return JSONResponse({"resourceType": "ValueSet", "status": "draft", "expansion": expansion})

    async def _validate(self, request: Request) -> Response:
        if trouble := self._trouble(request):
            return trouble
        asked = _values(await request.json())
        concept = self.concepts.get(asked["code"])
        if concept is None:
            return _parameters(result=False, message="Unknown code")
        names = {each.casefold() for each in (concept.display, *concept.synonyms)}
        right = "display" not in asked or (
            asked["display"] == concept.display if self.remarks_on_synonyms else asked["display"].casefold() in names
        )
        said: dict[str, Any] = {"result": right or self.remarks_on_displays, "display": concept.display}
        if not right:
            said["message"] = f"The display is not one of the code; it should be {concept.display}"
        if self.says_inactive:
            said["inactive"] = concept.inactive
        return _parameters(**said)

    async def _lookup(self, request: Request) -> Response:
        if trouble := self._trouble(request):
            return trouble
        asked = _values(await request.json())
        concept = self.concepts.get(asked["code"])
        if concept is None:
            return _outcome(404, "no such code")
        if not self.looks_up:
            return _outcome(500, "unknown type: BOOLEAN")
        parameter: list[dict[str, Any]] = []
        if asked.get("property") in (None, "designation"):
            parameter += [
                {"name": "designation", "part": [{"name": "value", "valueString": each}]} for each in concept.synonyms
            ]
        if asked.get("property") in (None, "inactive"):
            part = [{"name": "code", "valueCode": "inactive"}, {"name": "value", "valueBoolean": concept.inactive}]
            other = [{"name": "code", "valueCode": "effectiveTime"}, {"name": "value", "valueString": "20260101"}]
            parameter += [{"name": "property", "part": other}, {"name": "property", "part": part}]
        return JSONResponse({"resourceType": "Parameters", "parameter": parameter})

    def _trouble(self, request: Request) -> Response | None:
        self.asked.append(request.url.path.removeprefix("/fhir/"))
        self.tokens.append(request.headers.get("authorization", ""))
        if self.busy:
            self.busy -= 1
            return Response(status_code=503, headers={"retry-after": "0"})
        if self.moved:
            return RedirectResponse("http://127.0.0.1:9/elsewhere")
        if self.garbled:
            return Response("<html>welcome</html>", media_type="text/html")
        if self.token and self.tokens[-1] != f"Bearer {self.token}":
            return _outcome(401, "who are you?")
        return None

    def _below(self, code: str) -> Iterator[str]:
        """The code and everything that descends from it."""
        yield code
        for each, concept in self.concepts.items():
            if code in concept.parents:
                yield from self._below(each)


@contextmanager
def running(service: TerminologyService) -> Iterator[str]:
    """The base URL of the service, as long as the context lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service.app(), log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()


def _values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        each["name"]: next(value for name, value in each.items() if name != "name") for each in parameters["parameter"]
    }


def _parameters(**values: Any) -> Response:
    kinds = {bool: "valueBoolean", str: "valueString"}
    parameter = [{"name": name, kinds[type(value)]: value} for name, value in values.items()]
    return JSONResponse({"resourceType": "Parameters", "parameter": parameter})


def _outcome(status: int, said: str) -> Response:
    issue = [{"severity": "error", "code": "processing", "diagnostics": said}]
    return JSONResponse({"resourceType": "OperationOutcome", "issue": issue}, status)
