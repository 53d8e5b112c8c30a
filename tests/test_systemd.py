"""deploy/calcification-cds.service: what systemd makes of it, and whether it says what docs/operations.md says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from cds.operations.serving import GRACE
from cds.settings import Settings

UNIT = Path(__file__).parents[1] / "deploy" / "calcification-cds.service"


def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/calcification-cds/bin/cds", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(there)], capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, [])


def test_it_sets_what_is_a_setting() -> None:
    name, _, value = unit()["Service"]["Environment"].partition("=")
    assert name.removeprefix("CDS_").lower() in Settings.model_fields
    assert value == f"/var/lib/{unit()['Service']['StateDirectory']}"


def test_it_waits_longer_than_the_service_takes_to_stop() -> None:
    assert int(unit()["Service"]["TimeoutStopSec"]) > 2 * GRACE
