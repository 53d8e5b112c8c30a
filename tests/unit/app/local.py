"""An HTTP client that speaks to an ASGI application in this process, without a socket."""

from __future__ import annotations

import asyncio

import httpx
from starlette.types import ASGIApp

__all__ = ["local"]


class _Local(httpx.BaseTransport):
    def __init__(self, app: ASGIApp) -> None:
        self._app = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        return asyncio.run(self._ask(asked))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        reply = await self._app.handle_async_request(request)
        return httpx.Response(reply.status_code, headers=reply.headers, content=await reply.aread())


def local(app: ASGIApp) -> httpx.Client:
    """A client of `app`; a failing application is an answer with status 500, as it is behind a real server."""
    return httpx.Client(transport=_Local(app), base_url="http://local.example")
