"""What is measured: our service, the same without memory, and the floor.

`python -m benchmarks.servers service|forgetful|floor PORT`.

Both run in the same way (`cds.operations.serving`): one process, uvloop and httptools, frozen garbage collector.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import orjson

from cds.app import create_app
from cds.operations.serving import serve
from cds.settings import Settings
from tests.clock import NOW


def running_clock() -> Callable[[], datetime]:
    """A clock that shows the time of the tests and goes on: records that were all made at once are dearer to store."""
    started = monotonic()
    return lambda: NOW + timedelta(seconds=monotonic() - started)


async def floor(scope: Any, receive: Any, send: Any) -> None:
    """A bare ASGI application that does nothing but `orjson.loads` of the body."""
    if scope["type"] != "http":
        return
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    orjson.loads(body)
    answer = b'{"cards":[]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def main() -> None:
    name, port = sys.argv[1], int(sys.argv[2])
    with TemporaryDirectory() as state:
        settings = Settings(state_folder=Path(state), memory=name != "forgetful")
        app: Any = floor if name == "floor" else create_app(settings, clock=running_clock())
        serve(app, "127.0.0.1", port, 1, lambda _: None)


if __name__ == "__main__":
    main()
