"""Invariant 9: the wheel alone, installed in an empty environment, runs: rules and profiles travel inside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
DEMO = TOP / "profiles" / "examples" / "demo" / "metastatic-dialysis.json"

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(each) for each in command], cwd=cwd, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert shutil.which("uv"), "uv is needed to build the wheel (`make setup` brings it)"
    folder = tmp_path_factory.mktemp("wheel")
    run("uv", "build", "--quiet", "--wheel", "--out-dir", folder, cwd=TOP)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def cds(wheel: Path) -> Path:
    """The command of an environment that has the wheel and what it needs, nothing else."""
    environment = wheel.parent / "environment"
    run("uv", "venv", "--quiet", "--python", sys.executable, environment, cwd=wheel.parent)
    run("uv", "pip", "install", "--quiet", "--python", environment / "bin" / "python", wheel, cwd=wheel.parent)
    return environment / "bin" / "cds"


def test_carries_knowledge_and_no_test_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "cds/_data/rules/metabolic.yaml" in names
    assert "cds/_data/profiles/valuesets/gout.json" in names
    assert [each for each in names if each.startswith(("tests/", "scripts/", "benchmarks/"))] == []


def test_runs_alone(cds: Path) -> None:
    run(cds, "rules", "check", cwd=cds.parent)
    found = json.loads(run(cds, "evaluate", DEMO, "--at", "2026-03-02", "--json", cwd=cds.parent))
    assert "METASTATIC_CONFIRMED" in json.dumps(found)
