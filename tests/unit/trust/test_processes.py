"""The service as it is started: several workers, a restart, machines that share a database. Real time, real keys."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.postgresql import Postgresql
from tests.process import Process, running
from tests.signing import BASE, authorization, claims, jwk, private_key, token
from tests.unit.hooks.requests_by_hand import asked
from tests.unit.trust.test_clients import write

pytestmark = pytest.mark.slow
PATH = "/cds-services/soft-tissue-calcification"


@contextmanager
def started(folder: Path, workers: int = 1, **environment: str) -> Iterator[Process]:
    """`cds serve` with one client; the state stays in `folder`."""
    file = folder / "clients.yaml"
    if not file.exists():
        client = {"name": "metz", "iss": "https://metz.example", "jwks": {"keys": [jwk("ES384"), jwk("RS384")]}}
        write(file, {**client, "requests_per_second": 100_000, "concurrent_requests": 1000})
    given = {"CDS_CLIENTS": str(file), "CDS_PUBLIC_URLS": BASE, "CDS_STATE_FOLDER": str(folder / "state")}
    with running({**given, **environment}, "--workers", str(workers)) as process:
        yield process


def fresh(algorithm: str = "ES384") -> str:
    return token(claims(time.time(), iss="https://metz.example"), algorithm)


def ask(base: str, text: str) -> int:
    """Over a new connection: the kernel chooses the worker."""
    reply = httpx.post(base + PATH, json=asked(), headers=authorization(text), trust_env=False, timeout=60)
    return 200 if reply.status_code == 412 else reply.status_code  # nothing was sent to be judged: who asks was let in


def test_a_token_passes_once_whichever_worker_it_meets(tmp_path: Path) -> None:
    with started(tmp_path, workers=2) as service:
        base = service.base
        for _ in range(5):
            text = fresh()
            assert sorted(ask(base, text) for _ in range(8)) == [200] + [401] * 7
        text = fresh()
        with ThreadPoolExecutor(12) as at_once:
            assert sorted(at_once.map(lambda _: ask(base, text), range(24))) == [200] + [401] * 23


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_a_token_that_was_used_stays_used_after_a_restart(tmp_path: Path, end: Callable[[Process], object]) -> None:
    with started(tmp_path) as service:
        used = [fresh(algorithm) for algorithm in ("ES384", "RS384")]
        assert [ask(service.base, each) for each in used] == [200, 200]
        end(service)
    with started(tmp_path) as service:
        base = service.base
        assert [ask(base, each) for each in used] == [401, 401]
        assert ask(base, fresh()) == 200


def test_a_token_passes_once_on_machines_that_share_a_database(tmp_path: Path, postgresql_server: Postgresql) -> None:
    """Each has a state folder of its own. While the database is down they answer, and each remembers for itself."""
    url = postgresql_server.create("machines")
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with started(folders[0], CDS_STORE=url) as here, started(folders[1], CDS_STORE=url) as there:
        one, other = here.base, there.base
        first = fresh()
        assert (ask(one, first), ask(other, first), ask(one, first)) == (200, 401, 401)
        postgresql_server.stop()
        try:
            second = fresh()
            assert (ask(one, second), ask(one, second)) == (200, 401)
            assert ask(other, fresh()) == 200
        finally:
            postgresql_server.start()


def test_a_client_is_added_without_a_restart(tmp_path: Path) -> None:
    with started(tmp_path, workers=2) as service:
        base = service.base
        stranger = claims(time.time(), iss="https://nancy.example")
        assert ask(base, token(stranger, key=private_key("ES384", "nancy"))) == 401
        write(
            tmp_path / "clients.yaml",
            {"name": "nancy", "iss": "https://nancy.example", "jwks": {"keys": [jwk("ES384", "nancy")]}},
        )
        deadline = time.monotonic() + 60
        while ask(base, token({**stranger, "jti": os.urandom(8).hex()}, key=private_key("ES384", "nancy"))) != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        deadline = time.monotonic() + 60
        while ask(base, fresh()) != 401:  # metz is no client any more
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_keys_of_a_file_change_without_a_restart(tmp_path: Path) -> None:
    """The new one beside the old, then the new one alone: every worker follows, and nobody is refused in between."""
    keys = tmp_path / "keys.json"

    def publish(*owners: str) -> None:
        new = keys.with_suffix(".new")
        new.write_text(json.dumps({"keys": [jwk("ES384", each, kid=each) for each in owners]}), encoding="utf-8")
        new.replace(keys)

    def ask_with(owner: str) -> int:
        return ask(
            service.base,
            token(claims(time.time(), iss="https://metz.example"), key=private_key("ES384", owner), kid=owner),
        )

    def after_a_while(owner: str, status: int) -> bool:
        """Of several connections each worker has some."""
        deadline = time.monotonic() + 60
        while {ask_with(owner) for _ in range(12)} != {status}:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        return True

    publish("old")
    write(tmp_path / "clients.yaml", {"name": "metz", "iss": "https://metz.example", "jwks_file": "keys.json"})
    with started(tmp_path, workers=2) as service:
        assert (ask_with("old"), ask_with("new")) == (200, 401)
        publish("old", "new")
        assert after_a_while("new", 200)
        assert ask_with("old") == 200
        publish("new")
        assert after_a_while("old", 401)
        keys.write_text("{", encoding="utf-8")
        time.sleep(2)  # somebody looks after one second
        assert {ask_with("new") for _ in range(12)} == {200}, "a file with a mistake changes nothing"


def processor_seconds(process: int) -> float:
    """User and system time that the process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not say what a process has used")
def test_a_refusal_costs_less_than_five_milliseconds_of_the_processor(tmp_path: Path) -> None:
    forged = private_key("ES384", "forger")
    used = fresh()
    attacks = {
        "nothing": dict,
        "no token": lambda: authorization("x"),
        "huge": lambda: authorization("x" * 20_000),
        "deep": lambda: authorization("e30." + "W1tb" * 1900 + ".e30"),
        "unknown issuer": lambda: authorization(token(claims(time.time()))),
        "unknown key": lambda: authorization(token(claims(time.time(), iss="https://metz.example"), kid="x")),
        "replay": lambda: authorization(used),
        "signature": lambda: authorization(token(claims(time.time(), iss="https://metz.example"), key=forged)),
    }
    with started(tmp_path) as service, httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
        assert ask(service.base, used) == 200
        for name, made in attacks.items():
            sent = [made() for _ in range(100)]
            before = processor_seconds(service.pid)
            assert {client.post(PATH, json=asked(), headers=headers).status_code for headers in sent} == {401}, name
            assert (processor_seconds(service.pid) - before) / len(sent) < 0.005, name
