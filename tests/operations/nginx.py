"""A real nginx with the configuration that docs/security.md shows: its ports and the places of its files apart."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import httpx
from cryptography import x509

from tests.clients.peers import program
from tests.servers.encryption import certificate

__all__ = ["HOST", "Proxy", "nginx"]

HOST = "cds.example.org"
_SECURITY = Path(__file__).parents[2] / "docs" / "security.md"
_BLOCK = re.compile(r"```nginx\n(.*?)```", re.DOTALL)
_AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    {paths}
{shown}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Proxy:
    """A running nginx. Its clients reach it as `https://cds.example.org`, wherever it really listens."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self._folder = folder

    def client(self, *, certificate: bool = True) -> httpx.Client:
        """A client with the `certificate` of a machine that may call, or without any."""
        transport = _There(self.port, self._context(certificate))
        return httpx.Client(base_url=f"https://{HOST}", transport=transport, timeout=120, trust_env=False)

    def connection(self) -> HTTPSConnection:
        """A connection of a machine that may call, which sends every path as it is written."""
        context = self._context(certificate=True)
        context.check_hostname = False  # it knows the address only
        return HTTPSConnection("127.0.0.1", self.port, context=context, timeout=120)

    def _context(self, certificate: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._folder / "cds.pem"))
        if certificate:
            context.load_cert_chain(self._folder / "clients-ca.pem", self._folder / "clients-ca.key")
        return context


class _There(httpx.HTTPTransport):
    """Leads the public name to where the proxy listens."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return super().handle_request(request)


@contextmanager
def nginx(folder: Path, service: str) -> Iterator[Proxy]:
    """In front of `service`, a base URL. Raises PeerError where there is no nginx."""
    binary = program("nginx", "/usr/sbin/nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("cds", "clients-ca"):
        _certify(folder, name)
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(folder, port, service), encoding="utf-8")
    process = subprocess.Popen([binary, "-p", str(folder), "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        _wait(process, port, folder)
        yield Proxy(port, folder)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _configuration(folder: Path, port: int, service: str) -> str:
    (shown,) = _BLOCK.findall(_SECURITY.read_text(encoding="utf-8"))
    for written, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("http://127.0.0.1:8080;", f"{service};"),
        ("/etc/nginx/", f"{folder}/"),
    ):
        assert written in shown, f"docs/security.md no longer shows {written}"
        shown = shown.replace(written, here)
    paths = " ".join(f"{each}_temp_path {folder}/{each};" for each in _TEMPORARY)
    return _AROUND.format(folder=folder, paths=paths, shown=shown)


def _certify(folder: Path, name: str) -> None:
    """A certificate for the public name, and its key."""
    public, private = certificate(name, x509.DNSName(HOST))
    (folder / f"{name}.pem").write_bytes(public)
    (folder / f"{name}.key").write_bytes(private)


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            assert process.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
