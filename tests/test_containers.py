"""docker-compose.yml and Dockerfile, as far as they can be proved where no Docker engine runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds.settings import Settings
from tests.clients.peers import PeerError, program, require, run

TOP = Path(__file__).parents[1]
FILE = TOP / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (TOP / "Dockerfile").read_text(encoding="utf-8")
PASSWORD = {"POSTGRES_PASSWORD": "invented"}
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+[\w.-]*")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY|CREDENTIAL|STORE")
VARIABLE = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


def test_there_is_a_service_a_database_a_fhir_server_and_who_loads_it() -> None:
    assert SERVICES.keys() == {"cds", "postgres", "hapi", "patients"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_on_the_loopback_address(name: str) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in SERVICES[name].get("ports", ()))
    assert "network_mode" not in SERVICES[name]


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_can_write_to_its_root_or_gain_privileges(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert not SERVICES[name].keys() & {"privileged", "cap_add", "devices", "pid", "ipc"}


@pytest.mark.parametrize("name", SERVICES)
def test_everything_that_stays_up_has_a_health_check(name: str) -> None:
    if SERVICES[name]["restart"] == "no":
        return
    assert "healthcheck" in SERVICES[name] or ("build" in SERVICES[name] and "HEALTHCHECK" in DOCKERFILE)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRET.search(variable):
            assert re.search(r"\$\{\w+:\?[^}]+\}", value), (
                f"{variable} must come from the environment, and be asked for"
            )


def test_every_variable_of_the_service_is_a_setting_with_a_value_that_it_takes() -> None:
    environment = {
        name.removeprefix("CDS_").lower(): VARIABLE.sub(lambda found: PASSWORD[found[1]], value)
        for name, value in SERVICES["cds"]["environment"].items()
    }
    settings = Settings(**environment)
    assert environment.keys() <= settings.model_fields_set


def test_the_service_may_ask_the_server_that_stands_beside_it() -> None:
    environment = SERVICES["cds"]["environment"]
    assert environment["CDS_FHIR_SERVERS"] == "http://hapi:8080/fhir"
    assert [{"subnet": environment["CDS_PRIVATE_ADDRESSES"]}] == COMPOSE["networks"]["sandbox"]["ipam"]["config"]


@pytest.mark.slow
def test_compose_accepts_the_file() -> None:
    with require():
        compose = _compose()
    described = run([*compose, "-f", str(FILE), "config"], environment=PASSWORD)
    assert yaml.safe_load(described)["services"].keys() == SERVICES.keys()
    with pytest.raises(PeerError, match="POSTGRES_PASSWORD"):
        run([*compose, "-f", str(FILE), "config"], environment={"POSTGRES_PASSWORD": ""})


def _compose() -> list[str]:
    """`docker compose`, or the older `docker-compose`: neither needs an engine to read a file."""
    try:
        return [program("docker-compose")]
    except PeerError:
        run([program("docker"), "compose", "version"])
        return [program("docker"), "compose"]


def _instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.+)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)


def test_the_image_has_a_pinned_base_two_stages_and_no_root() -> None:
    bases = [line.split()[0] for line in _instructions("FROM")]
    assert len(bases) == 2
    assert all(PINNED.fullmatch(base) for base in bases)
    (user,) = _instructions("USER")
    assert int(user.partition(":")[0]) > 0
    assert "==" in next(line for line in _instructions("RUN") if "pip install" in line)


def test_nothing_but_what_is_copied_is_sent_to_the_builder() -> None:
    ignored, *sent = (TOP / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored == "*"
    assert {each.removeprefix("!") for each in sent if each.startswith("!")} == set(_copied())


def _copied() -> list[str]:
    lines = [line.split() for line in _instructions("COPY") if not line.startswith("--from")]
    return [source for line in lines for source in line[:-1]]


@pytest.mark.slow
def test_what_is_copied_is_enough_to_run(tmp_path: Path) -> None:
    """The steps of the Dockerfile, without a container around them."""
    with require():
        uv = program("uv")
    source, built = tmp_path / "build", tmp_path / "app"
    source.mkdir()
    environment = {
        "PATH": f"{Path(uv).parent}:{os.environ['PATH']}",
        "UV_PROJECT_ENVIRONMENT": str(built),
        "UV_PYTHON": sys.executable,
        "UV_LINK_MODE": "copy",
    }
    for instruction, line in re.findall(r"^(COPY|RUN) (.+)$", DOCKERFILE, re.MULTILINE):
        if instruction == "COPY" and not line.startswith("--from"):
            *names, _ = line.split()
            for name in names:
                copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
                copy(TOP / name, source / name)
        elif line.startswith("uv "):
            run(["sh", "-c", line.replace(" --no-cache", "")], source, environment)
    shutil.rmtree(source)
    (program_name,) = re.findall(r"\w+", _instructions("ENTRYPOINT")[0])
    checked = subprocess.run(
        [built / "bin" / program_name, "rules", "check"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "in order" in checked.stdout
    assert not (built / "bin" / "pytest").exists()
