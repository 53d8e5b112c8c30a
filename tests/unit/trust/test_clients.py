"""The file of clients: read strictly, every mistake with its line, and again when it changes."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds.cli import main
from cds.errors import ClientsError
from cds.hooks.calls import Caller
from cds.trust.clients import Client, read_clients
from cds.trust.register import Register
from tests.signing import jwk, key_server, private_key

SERVICES = ("soft-tissue-calcification", "chronic-venous-insufficiency")
INLINE = f"jwks: {json.dumps({'keys': [jwk('ES384')]})}"


def read(folder: Path, text: str) -> tuple[Client, ...]:
    file = folder / "clients.yaml"
    file.write_text(text, encoding="utf-8")
    return read_clients(file, SERVICES)


def test_what_the_documentation_shows_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    block = page.partition("```yaml\n")[2].partition("```")[0]
    (client,) = read(tmp_path, "\n".join(line.removeprefix("   ") for line in block.splitlines()))
    assert client.caller == Caller(
        name="metz",
        language="fr",
        services=frozenset(SERVICES),
        fhir_servers=("https://ehr.example.org/fhir",),
        system_actions=False,
    )
    assert (client.iss, client.tenant) == ("https://ehr.example.org/fhir", "north")
    shown = client.model_dump(include={"algorithms", "requests_per_second", "concurrent_requests", "system_actions"})
    defaults = {name: Client.model_fields[name].default for name in shown}
    assert shown == defaults, "what is called a default there is one"


def test_the_least_that_must_be_said(tmp_path: Path) -> None:
    (client,) = read(tmp_path, f"clients:\n- name: a\n  iss: x\n  {INLINE}\n")
    assert client.caller == Caller(name="a")


WRONG: dict[str, tuple[str, str]] = {
    "no clients": ("clients: []", "clients.yaml:1: clients: "),
    "nothing": ("", "this chapter is missing"),
    "no YAML": ("clients: [", "clients.yaml:"),
    "an unknown member": (
        f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  fhir_server: [x]\n",
        "clients.yaml:5: clients.0.fhir_server: 'fhir_server' is not known here; did you mean 'fhir_servers'?",
    ),
    "a missing member": (f"clients:\n- name: a\n  {INLINE}\n", "clients.yaml:2: clients.0.iss: 'iss' is missing"),
    "a member twice": (
        f"clients:\n- name: a\n  name: b\n  iss: x\n  {INLINE}\n",
        "clients.yaml:3: 'name' stands twice",
    ),
    "an unknown algorithm": (
        f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  algorithms: [ES348]\n",
        "did you mean 'ES384'?",
    ),
    "HMAC": (f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  algorithms: [HS256]\n", "'HS256' is not one of"),
    "no signature": (f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  algorithms: [none]\n", "is not one of"),
    "no algorithm": (f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  algorithms: []\n", "clients.0.algorithms"),
    "an unknown service": (
        f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  services:\n  - soft-tissue-calcifications\n",
        "clients.yaml:6: 'soft-tissue-calcifications' is not a service; did you mean 'soft-tissue-calcification'?",
    ),
    "an unknown language": (f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  language: de\n", "'de' is not one of"),
    "no keys": ("clients:\n- name: a\n  iss: x\n", "one of 'jku', 'jwks' and 'jwks_file' is required"),
    "two sources of keys": (f"clients:\n- name: a\n  iss: x\n  jwks_file: k.json\n  {INLINE}\n", "exclude each other"),
    "an empty set": ("clients:\n- name: a\n  iss: x\n  jwks: {keys: []}\n", "'jwks': no key in it"),
    "keys of another algorithm": (
        f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  algorithms: [RS384]\n",
        "'jwks': no key",
    ),
    "a name that is no label": (f"clients:\n- name: A b\n  iss: x\n  {INLINE}\n", "clients.yaml:2: clients.0.name"),
    "two of a name": (
        f"clients:\n- {{name: a, iss: x, {INLINE}}}\n- {{name: a, iss: y, {INLINE}}}\n",
        "two clients have the same name: a",
    ),
    "two of an issuer": (
        f"clients:\n- {{name: a, iss: x, {INLINE}}}\n- {{name: b, iss: x, {INLINE}}}\n",
        "two clients have the same iss (and tenant): x",
    ),
    "a rate of nothing": (
        f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  requests_per_second: 0\n",
        "requests_per_second",
    ),
    "a FHIR server that is none": (
        f"clients:\n- name: a\n  iss: x\n  {INLINE}\n  fhir_servers: [ehr]\n",
        "fhir_servers",
    ),
    **{
        f"keys at {url}": (f"clients:\n- name: a\n  iss: x\n  jku: {url}\n", "must be an https URL")
        for url in (
            "http://ehr.example/jwks.json",
            "http://10.0.0.1/jwks.json",
            "http://169.254.169.254/jwks.json",
            "http://localhost.example/jwks.json",
            "file:///etc/passwd",
            "ftp://ehr.example/jwks.json",
            "https://",
            "https://user:word@ehr.example/jwks.json",
            "jwks.json",
        )
    },
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_said_where_it_stands(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ClientsError) as wrong:
        read(tmp_path, text)
    assert complaint in str(wrong.value)
    assert "\n" not in str(wrong.value), "one mistake is said once"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/k", "http://localhost/k", "http://[::1]/k", "https://10.0.0.1/k"])
def test_keys_of_this_machine_need_no_encryption(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, f"clients:\n- name: a\n  iss: x\n  jku: {url}\n")[0].jku == url


def test_a_private_key_is_a_mistake_and_is_not_repeated(tmp_path: Path) -> None:
    private = {**private_key("ES384").as_dict(private=True), "kid": "k"}
    with pytest.raises(ClientsError, match="secret key") as wrong:
        read(tmp_path, yaml.safe_dump({"clients": [{"name": "a", "iss": "x", "jwks": {"keys": [private]}}]}))
    assert str(private["d"]) not in str(wrong.value)


def test_a_client_can_be_switched_off(tmp_path: Path) -> None:
    text = f"clients:\n- {{name: a, iss: x, {INLINE}}}\n- {{name: b, iss: y, off: true, {INLINE}}}\n"
    assert [each.name for each in read(tmp_path, text)] == ["a"]


@pytest.mark.parametrize("name", ["missing.yaml", "clients.txt"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClientsError, match="no such YAML file"):
        read_clients(tmp_path / name, SERVICES)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 2
        return self.now


def entry(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "iss": f"https://{name}.example", "jwks": {"keys": [jwk("ES384")]}, **members}


def write(file: Path, *clients: dict[str, Any]) -> None:
    """As a whole, and later than before, whatever the resolution of the file system's clock."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    fresh = file.with_suffix(".new")
    fresh.write_text(yaml.safe_dump({"clients": list(clients)}), encoding="utf-8")
    os.utime(fresh, ns=(before + 1_000_000_000, before + 1_000_000_000))
    fresh.rename(file)


def found(register: Register, name: str) -> bool:
    return register.find(f"https://{name}.example", "") is not None


def test_the_file_is_read_again_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "clients.yaml"
    write(file, entry("metz"), entry("nancy"))
    register = Register(file, SERVICES, monotonic=Clock())
    metz = register.find("https://metz.example", "")
    assert metz is not None
    write(file, entry("metz"), entry("toul"))
    assert (found(register, "nancy"), found(register, "toul")) == (False, True)
    assert register.find("https://metz.example", "") is metz, "who did not change keeps keys and limits"
    write(file, entry("metz", language="fr"))
    changed = register.find("https://metz.example", "")
    assert changed is not None
    assert changed.caller.language == "fr"
    with caplog.at_level(logging.ERROR):
        file.write_text("clients: [", encoding="utf-8")
        assert found(register, "metz"), "a mistake locks nobody out"
        file.unlink()
        assert found(register, "metz")
    assert "the clients stay as they were: clients.yaml:" in caplog.text
    write(file, entry("toul"))
    assert (found(register, "metz"), found(register, "toul")) == (False, True)


def test_a_tenant_has_an_entry_of_its_own_or_that_of_all(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    cloud = "https://cloud.example"
    write(file, entry("north", iss=cloud, tenant="north"), entry("others", iss=cloud), entry("only", tenant="one"))
    register = Register(file, SERVICES)

    def name(iss: str, tenant: str) -> str:
        known = register.find(iss, tenant)
        return known.client.name if known else ""

    assert name(cloud, "north") == "north"
    assert name(cloud, "south") == name(cloud, "") == "others"
    assert name("https://only.example", "one") == "only"
    assert name("https://only.example", "two") == name("https://only.example", "") == ""


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["cds", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code if isinstance(ended.value.code, int) else 0


def test_the_command_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clients.yaml"
    with key_server(jwk("ES384")) as keys:
        write(file, entry("metz"), {"name": "nancy", "iss": "y", "jku": keys.url})
        assert run(monkeypatch, "clients", "check", str(file)) == 0
        assert "2 clients with keys: metz, nancy" in capsys.readouterr().out
        (tmp_path / "keys.json").write_bytes(keys.body)
    write(file, entry("metz"), {"name": "nancy", "iss": "y", "jwks_file": "keys.json"})
    assert run(monkeypatch, "clients", "check", str(file)) == 0
    write(
        file, entry("metz"), {"name": "nancy", "iss": "y", "jku": keys.url}, {**entry("toul"), "jwks_file": "no.json"}
    )
    assert run(monkeypatch, "clients", "check", str(file)) == 1
    assert "exclude each other" in capsys.readouterr().err
    write(file, entry("metz"), {"name": "nancy", "iss": "y", "jku": keys.url})
    assert run(monkeypatch, "clients", "check", str(file)) == 1
    assert "the keys of client nancy cannot be read" in capsys.readouterr().err
    monkeypatch.delenv("CDS_CLIENTS", raising=False)
    assert run(monkeypatch, "clients", "check") == 2
