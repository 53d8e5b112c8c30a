"""Whether the process lives, and whether it can answer (decision 0042)."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds.errors import NotReady
from cds.memory.memory import Memory
from cds.trust.gate import Gate

__all__ = ["routes"]

_JSON = "application/json"
_FRESH = {"cache-control": "no-store"}


def routes(knowledge: str, memory: Memory | None, gate: Gate | None = None) -> list[Route]:
    """`GET /health/live` and `GET /health/ready`. `knowledge` is the version of the rules; without a `gate` nobody is asked
    who it is."""

    async def live(_: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type=_JSON, headers=_FRESH)

    async def ready(_: Request) -> Response:
        parts = {} if memory is None else _parts(memory)
        if gate is not None:
            parts["keys"] = "missing for a client" if await gate.without_keys() else "in order"
        status = "degraded" if set(parts.values()) - {"in order"} else "ready"
        said = {"status": status, "knowledge": knowledge, **parts}
        return Response(msgspec.json.encode(said), media_type=_JSON, headers=_FRESH)

    return [Route("/health/live", live, methods=["GET"]), Route("/health/ready", ready, methods=["GET"])]


def _parts(memory: Memory) -> dict[str, str]:
    running = memory.running
    if running is None:
        raise NotReady
    return {
        "journal": "cannot be written" if running.journal.waiting else "in order",
        "store": "in order" if running.store.up else "unavailable",
    }
