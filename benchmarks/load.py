"""The load: keep-alive connections that send the same prepared request and measure each answer.

`python -m benchmarks.load PORT PATH FILE CONNECTIONS REQUESTS` prints one JSON object with seconds per request.
A process of its own, so that measuring does not take time from what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from time import perf_counter


def prepared(path: str, body: bytes) -> bytes:
    """The request as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


async def connection(port: int, request: bytes, number: int, seconds: list[float]) -> None:
    """Send `request` `number` times over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    for _ in range(number):
        started = perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head.split(b"\r\n", 1)[0]
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        seconds.append(perf_counter() - started)
    writer.close()
    await writer.wait_closed()


async def load(port: int, request: bytes, connections: int, requests: int) -> dict[str, object]:
    """`requests` in all, over `connections`."""
    seconds: list[float] = []
    started = perf_counter()
    each = max(1, requests // connections)
    await asyncio.gather(*(connection(port, request, each, seconds) for _ in range(connections)))
    return {"elapsed": perf_counter() - started, "seconds": seconds}


def main() -> None:
    port, path, file, connections, requests = sys.argv[1:6]
    request = prepared(path, Path(file).read_bytes())
    print(json.dumps(asyncio.run(load(int(port), request, int(connections), int(requests)))))


if __name__ == "__main__":
    main()
