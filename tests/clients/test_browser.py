"""A real browser: a page of an origin that is allowed gets our cards, preflight included, and any other gets nothing (S8)."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.settings import Settings
from tests.clients.peers import program, require, run
from tests.servers.sockets import Asked, HttpServer, answer, http_server
from tests.serving import serving
from tests.stories.telling import request

pytestmark = [pytest.mark.slow, pytest.mark.clause("S8")]

PAGE = (Path(__file__).parent / "browser" / "page.html").read_bytes()
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--virtual-time-budget=60000",
]


@pytest.fixture(scope="module")
def website(service: httpx.Client) -> Iterator[HttpServer]:
    """Where the page and its request come from: an origin of its own."""
    asked = json.dumps(request(service, "metastatic-dialysis")).encode()
    files = {"/": answer(PAGE, kind="text/html"), "/request.json": answer(asked, kind="application/json")}

    async def answering(each: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(files.get(each.path, answer(b"", 404)))

    with http_server(answering) as running:
        yield running


def _shown(website: HttpServer, service: httpx.Client, folder: Path) -> Any:
    """What stands on the page when it has asked the service."""
    with require():
        chromium = program("chromium", "chromium-browser", "google-chrome")
    base = str(service.base_url).rstrip("/")
    page = run([chromium, *QUIET, f"--user-data-dir={folder}", "--dump-dom", f"{website.origin}/?cds={base}"])
    (said,) = re.findall(r'<pre id="said">(.*?)</pre>', page)
    return json.loads(html.unescape(said))


def test_a_page_of_an_allowed_origin_gets_cards(website: HttpServer, tmp_path: Path) -> None:
    with serving(Settings(cors_origins=(website.origin,))) as service:
        said = _shown(website, service, tmp_path)
    assert said["services"][0] == "soft-tissue-calcification"
    assert said["status"] == 200
    assert "C-CLASS-MET" in said["cards"]


def test_a_page_of_another_origin_gets_nothing(website: HttpServer, tmp_path: Path) -> None:
    with serving(Settings(cors_origins=("https://ehr.example",))) as service:
        assert _shown(website, service, tmp_path) == {"error": "TypeError"}
