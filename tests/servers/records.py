"""A FHIR server that behaves: it reads, searches and pages the record of one patient, zips and keeps connections."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.ehr import Ehr, Resource
from tests.servers.sockets import Asked, HttpServer, answer, http_server, resource

__all__ = ["Records", "record_server"]

OUTCOME: Resource = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}


class Records:
    """Answers as a server with the record `ehr` does."""

    def __init__(
        self,
        ehr: Ehr,
        *,
        page: int = 50,
        takes_get: bool = True,
        takes_post: bool = True,
        wait: float = 0.0,
        version: str = "4.0.1",
    ) -> None:
        """`page`: entries of a page, whatever `_count` asks for; `wait`: seconds before each answer; `version`: what it says
        that it speaks."""
        self._ehr = ehr
        self._page = page
        self._takes_get = takes_get
        self._takes_post = takes_post
        self._wait = wait
        self._version = version
        self._rest: dict[str, list[Resource]] = {}

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._wait)
        writer.write(self._answer(asked))

    def _answer(self, asked: Asked) -> bytes:
        what = asked.path.removeprefix("/fhir").strip("/")
        if what == "metadata":
            return self._zipped({"resourceType": "CapabilityStatement", "fhirVersion": self._version}, asked)
        if not what and asked.query.startswith("_getpages="):
            return self._zipped(self._paged(self._rest[asked.query], asked.headers["host"]), asked)
        if what.endswith("/_search"):
            if asked.method != "POST" or not self._takes_post:
                return resource(OUTCOME, 405)
            what = what.removesuffix("/_search")
        elif asked.method != "GET":
            return resource(OUTCOME, 405)
        elif "/" in what:
            found = self._ehr.prefetch({"read": what})["read"]
            return self._zipped(found, asked) if found else resource(OUTCOME, 404)
        elif not self._takes_get:
            return resource(OUTCOME, 405)
        controls = [each for each in asked.query.split("&") if not each.startswith("_count=")]
        bundle = self._ehr.prefetch({"search": f"{what}?{'&'.join(controls)}"})["search"]
        return self._zipped(self._paged(bundle["entry"], asked.headers["host"]), asked)

    def _paged(self, entries: list[Resource], host: str) -> Resource:
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "entry": entries[: self._page]}
        if len(entries) > self._page:
            token = f"_getpages={len(self._rest)}"
            self._rest[token] = entries[self._page :]
            bundle["link"] = [{"relation": "next", "url": f"http://{host}/fhir?{token}"}]
        return bundle

    @staticmethod
    def _zipped(value: Resource, asked: Asked) -> bytes:
        body = json.dumps(value).encode()
        if "gzip" in asked.headers.get("accept-encoding", ""):
            return answer(gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return answer(body)


@contextmanager
def record_server(ehr: Ehr, make: Callable[[Ehr], Records] = Records) -> Iterator[HttpServer]:
    with http_server(make(ehr)) as server:
        yield server
