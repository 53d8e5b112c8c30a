"""An open service serves its own machine only, unless somebody said otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds.cli import main
from cds.errors import InputError
from cds.settings import Settings
from cds.trust.exposure import exposure

CLIENTS = Path("clients.yaml")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_is_served_and_it_is_said(host: str) -> None:
    assert "this machine only" in exposure(Settings(host=host))


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.1.2.3", "192.168.1.1", "cds.example.org", "", "127.0.0.1.example"]
)
def test_any_other_address_needs_clients_or_a_word(host: str) -> None:
    with pytest.raises(InputError, match="CDS_AUTH=off") as refused:
        exposure(Settings(host=host))
    assert "\n" not in str(refused.value)
    assert exposure(Settings(host=host, auth="off")).startswith("WARNING")
    assert exposure(Settings(host=host, clients=CLIENTS)) == ""


def test_clients_who_are_not_asked_are_a_contradiction() -> None:
    with pytest.raises(InputError, match="contradicts"):
        exposure(Settings(auth="off", clients=CLIENTS))


def test_the_command_does_not_start_an_open_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cds", "serve", "--host", "0.0.0.0", "--port", "0"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.startswith("cds: will not listen on 0.0.0.0 without knowing who calls")
    assert said.err.count("\n") == 1
