"""Where keys are read, and where not."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cds.trust.clients import Client
from cds.trust.keyring import Unavailable
from cds.trust.outgoing import networks
from cds.trust.sources import source_of
from tests.signing import jwk, key_server

pytestmark = pytest.mark.anyio
KEYS = {"keys": [jwk("ES384")]}


def client(**keys: object) -> Client:
    return Client.model_validate({"name": "a", "iss": "x", **keys})


async def test_inline_before_a_file_before_a_url(tmp_path: Path) -> None:
    with key_server() as server:
        file = tmp_path / "keys.json"
        file.write_text(json.dumps({"keys": ["of the file"]}))
        assert await source_of(client(jwks=KEYS, jku=server.url), ())() == KEYS
        assert await source_of(client(jwks_file=file, jku=server.url), ())() == {"keys": ["of the file"]}
        assert server.asked == 0
        assert await source_of(client(jku=server.url), ())() == {"keys": []}
        assert server.asked == 1


@pytest.mark.parametrize("content", [b"{", b"", b"\xff", b" " * 300_000, b"[" * 100_000])
async def test_a_file_that_holds_no_keys(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(content)
    with pytest.raises(Unavailable):
        await source_of(client(jwks_file=file), ())()


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="FileNotFoundError"):
        await source_of(client(jwks_file=tmp_path / "no.json"), ())()


async def test_what_is_compressed_is_not_read() -> None:
    with key_server(jwk("ES384")) as server:
        server.body = gzip.compress(server.body)
        with pytest.raises(Unavailable, match="not JSON"):
            await source_of(client(jku=server.url), ())()


@contextmanager
def listening() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and who connected to it; each connection is closed at once."""
    connected: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                connected.append(address)
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], connected
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


async def test_a_configured_url_leads_inside_only_where_the_site_named_the_address() -> None:
    """0.0.0.0 is this machine, and does not look like it."""
    with listening() as (port, connected):
        inside = client(jku=f"https://0.0.0.0:{port}/jwks.json")
        with pytest.raises(Unavailable):
            await source_of(inside, ())()
        assert connected == []
        with pytest.raises(Unavailable):
            await source_of(inside, networks(["0.0.0.0"]))()
        assert connected, "named, it is called; it speaks no TLS"


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[fd00::1]", "[::ffff:169.254.169.254]"])
async def test_a_private_or_metadata_address_is_not_called(host: str) -> None:
    with pytest.raises(Unavailable, match="ClientConnectorError"):
        await source_of(client(jku=f"https://{host}/jwks.json"), ())()
