"""The life of a process that answers: what begins before its first answer and ends after its last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from cds.fhir.server.client import FhirClient
from cds.memory.memory import Memory
from cds.operations.metrics import MEDIA_TYPE, Metrics
from cds.settings import Settings
from cds.trust.gate import Gate

__all__ = ["living"]

_SECONDS = 1.0


@asynccontextmanager
async def living(
    settings: Settings, client: FhirClient, gate: Gate | None, memory: Memory | None, metrics: Metrics
) -> AsyncIterator[None]:
    """Fetching, remembering and telling figures, as long as the process answers. Runs in each worker, on its own loop."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(client.connections)
        if gate is not None:
            stack.push_async_callback(gate.close)
        if memory is not None:
            await memory.start()
            stack.push_async_callback(memory.stop)
        looking = asyncio.create_task(_look(metrics))
        stack.callback(looking.cancel)
        stack.callback(metrics.look)
        if settings.metrics_port is not None:
            await stack.enter_async_context(_port(settings.host, settings.metrics_port, metrics))
        yield


async def _look(metrics: Metrics) -> None:
    """Each worker takes its own figures down, so that whichever is asked knows those of all."""
    while True:
        metrics.look()
        await asyncio.sleep(_SECONDS)


@asynccontextmanager
async def _port(host: str, port: int, metrics: Metrics) -> AsyncIterator[None]:
    """`GET /metrics` on a port of its own, which the workers share."""

    async def told(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"content-type": MEDIA_TYPE})

    own = web.Application()
    own.router.add_get("/metrics", told)
    runner = web.AppRunner(own, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_port=True).start()
        yield
    finally:
        await runner.cleanup()
