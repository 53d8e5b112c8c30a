"""What is brought from elsewhere is the same every time, and names no place that it was brought from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
POM = ElementTree.parse(HERE / "hapi" / "pom.xml").getroot()
MAVEN = "{http://maven.apache.org/POM/4.0.0}"


def test_the_packages_of_npm_are_locked_by_their_content() -> None:
    lock = json.loads((HERE / "medplum" / "package-lock.json").read_text(encoding="utf-8"))
    own, *others = lock["packages"].values()
    assert own["dependencies"] == {"@medplum/core": "5.2.13"}
    assert [each["version"] for each in others] == ["5.2.13"]
    assert all(each["integrity"].startswith("sha512-") and "resolved" not in each for each in others)


def test_the_packages_of_pypi_are_pinned() -> None:
    text = (HERE / "healthchain" / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert "healthchain==0.16.1" in lines


def test_the_artefacts_of_maven_have_one_version_and_one_source() -> None:
    versions = [each.text or "" for each in POM.iter(f"{MAVEN}version")]
    named = {name.tag.removeprefix(MAVEN): name.text or "" for each in POM.iter(f"{MAVEN}properties") for name in each}
    plain = [re.sub(r"\$\{(.+)\}", lambda found: named[found[1]], version) for version in versions]
    assert all(re.fullmatch(r"[\d.]+", version) for version in plain)
    described = [*POM.iter(f"{MAVEN}dependency"), *POM.iter(f"{MAVEN}plugin")]
    assert all(each.find(f"{MAVEN}version") is not None for each in described)
    assert not {"repositories", "pluginRepositories", "distributionManagement"} & {
        each.tag.removeprefix(MAVEN) for each in POM
    }
