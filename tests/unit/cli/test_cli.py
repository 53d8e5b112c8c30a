"""The commands, as they are typed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from cds import cli, data
from cds.consult import Consultant
from cds.demo import WRITTEN_FOR, demo_orders, demo_patients
from tests.clock import NOW
from tests.unit.hooks.requests_by_hand import body

DEMO = demo_patients()
ORDERS = demo_orders()
DIALYSIS = str(DEMO["metastatic-dialysis"])
AT = ["--at", WRITTEN_FOR.isoformat()]


class Said(NamedTuple):
    code: int
    out: str
    err: str


_load = cache(Consultant.load)


@pytest.fixture
def cds(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs a command as the shell would: exit code, standard output, standard error."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(Consultant, "load", _load)  # the real one, loaded once for each folder of rules
        monkeypatch.setattr(sys, "argv", ["cds", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


def test_the_demonstration_is_written_for_the_clock_of_the_tests() -> None:
    assert NOW.date() == WRITTEN_FOR


def test_version_and_help(cds: Any) -> None:
    assert re.fullmatch(r"cds \d+\.\d+\.\d+\n", cds("--version").out)
    for command in (
        [],
        ["serve"],
        ["evaluate"],
        ["explain"],
        ["rules"],
        ["rules", "list"],
        ["rules", "show"],
        ["rules", "check"],
        ["clients"],
        ["clients", "check"],
        ["valuesets"],
        ["valuesets", "refresh"],
        ["valuesets", "validate"],
    ):
        said = cds(*command, "--help")
        assert said.code == 0
        assert "Exit codes: 0 all is well, 1 a problem was found, 2" in " ".join(said.out.split())


def test_evaluate_prints_what_a_clinician_can_read(cds: Any) -> None:
    said = cds("evaluate", DIALYSIS, *AT)
    assert said.code == 0
    assert "**Soft-tissue calcification**: confirmed metabolic (metastatic) calcification" in said.out
    assert "`C-CLASS-MET`" in said.out
    assert "Decision support, to be checked by a clinician" in said.out
    assert "\x1b" not in said.out


def test_evaluate_speaks_french(cds: Any) -> None:
    said = cds("evaluate", DIALYSIS, *AT, "--lang", "fr").out
    assert "**Calcifications des tissus mous** : calcification métastatique (métabolique) confirmée" in said


def test_evaluate_as_json_is_what_the_services_answer(cds: Any) -> None:
    answers = json.loads(cds("evaluate", DIALYSIS, *AT, "--json").out)
    assert answers.keys() == {"soft-tissue-calcification", "chronic-venous-insufficiency"}
    assert all("cards" in each for each in answers.values())
    one = json.loads(cds("evaluate", DIALYSIS, *AT, "--json", "--service", "soft-tissue-calcification").out)
    assert one.keys() == {"soft-tissue-calcification"}


def found(said: Said) -> Any:
    assert said.code == 0, said.err
    evaluation = json.loads(said.out)["soft-tissue-calcification"]["extension"]["calcification-cds.evaluation"]
    return {name: evaluation[name] for name in ("classification", "causes", "forms", "porter")}


def test_the_form_of_the_record_does_not_matter(cds: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same resources as a Bundle, as NDJSON, as a folder, on standard input, in a request."""
    expected = found(cds("evaluate", DIALYSIS, *AT, "--json"))
    bundle = json.loads(Path(DIALYSIS).read_text(encoding="utf-8"))
    resources = [entry["resource"] for entry in bundle["entry"]]
    lines = tmp_path / "record.ndjson"
    lines.write_text("\n".join(map(json.dumps, resources)), encoding="utf-8")
    folder = tmp_path / "record"
    folder.mkdir()
    for number, resource in enumerate(resources):
        (folder / f"{number}.json").write_text(json.dumps(resource), encoding="utf-8")
    patient = next(each["id"] for each in resources if each["resourceType"] == "Patient")
    request = tmp_path / "request.json"
    request.write_bytes(body(context={"patientId": patient, "userId": "x"}, prefetch={"everything": bundle}))
    for file in (lines, folder, request):
        assert found(cds("evaluate", str(file), *AT, "--json")) == expected, file.name
    with Path(DIALYSIS).open("rb") as standard_input:
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": standard_input}))
        assert found(cds("evaluate", "-", *AT, "--json")) == expected


def test_explain_says_it_of_every_rule(cds: Any) -> None:
    said = cds("explain", DIALYSIS, *AT)
    assert said.code == 0
    rules = set(re.findall(r"^## (\S+)", said.out, re.MULTILINE))
    assert {"MET-CKD", "MET-PHPT", "MET-SARC", "CLS-1", "RED-1"} <= rules
    one = cds("explain", DIALYSIS, *AT, "--rule", "met-ckd")
    assert set(re.findall(r"^## (\S+)", one.out, re.MULTILINE)) == {"MET-CKD"}


def test_rules_can_be_listed_and_shown(cds: Any) -> None:
    listed = cds("rules", "list")
    assert re.search(r"^MET-PHPT\tmetabolic\.yaml:\d+", listed.out, re.MULTILINE)
    shown = cds("rules", "show", "c-phpt")
    assert shown.out.startswith("# cards/")
    assert "non-suppressed PTH" in shown.out
    assert "PTH non freinée" in shown.out


def test_a_rule_is_shown_in_words_in_both_languages_or_in_one(cds: Any) -> None:
    both = cds("rules", "show", "CAL-4").out
    assert "# minerals.yaml:" in both
    assert "critical while at most 72 hours old" in both
    assert "critique tant que le résultat date de 72 heures au plus" in both
    french = cds("rules", "show", "CAL-4", "--lang", "fr").out
    assert "CAL-4 : Calcémie critique" in french
    assert "Critical calcium\n" not in french


def test_a_rule_that_the_site_switched_off_says_so(cds: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pitfalls.yaml").write_text("pitfalls: [{id: PIT-14, off: true}]\n", encoding="utf-8")
    monkeypatch.setenv("CDS_RULES_FOLDER", str(tmp_path))
    assert "PIT-14 : désactivée par le dossier du site" in cds("rules", "show", "PIT-14").out


def test_rules_check_says_file_line_and_the_nearest_right_name(cds: Any, tmp_path: Path) -> None:
    assert cds("rules", "check").code == 0
    site = tmp_path / "site"
    site.mkdir()
    assert cds("rules", "check", str(tmp_path)).code == 0
    (site / "kidney.yaml").write_text("# ours\nequashun: reported\n", encoding="utf-8")
    said = cds("rules", "check", str(site))
    assert said.code == 1
    assert "kidney.yaml:2: " in said.err
    assert "did you mean 'equation'?" in said.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["evaluate", "missing.json"], "missing.json: no such file"),
        (["explain", "missing.json"], "missing.json: no such file"),
        (["evaluate", DIALYSIS, "--service", "other"], "no such service; there are: soft-tissue-calcification, "),
        (["explain", DIALYSIS, "--rule", "MET-CDK"], "there is no rule MET-CDK here; did you mean 'MET-CKD'?"),
        (["rules", "show", "MET-PTPH"], "did you mean MET-PHPT?"),
        (["rules", "check", "missing"], "no such folder"),
    ],
)
def test_what_cannot_be_used_is_one_line(cds: Any, arguments: list[str], complaint: str) -> None:
    said = cds(*arguments)
    assert said.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "DUPONT",
        "[]",
        "{}",
        '{"resourceType": "Bundle", "type": "collection"}',
        '{"hook": "patient-view"}',
        "\ufeff{}",
    ],
)
def test_a_file_that_holds_no_patient_is_one_line(cds: Any, tmp_path: Path, text: str) -> None:
    file = tmp_path / "input.json"
    file.write_text(text, encoding="utf-8")
    said = cds("evaluate", str(file))
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "DUPONT" not in said.err


def test_a_date_that_is_none_is_a_wrong_use(cds: Any) -> None:
    said = cds("evaluate", DIALYSIS, "--at", "yesterday")
    assert said.code == 2
    assert "2026-03-02" in said.err


def test_a_setting_that_cannot_be_is_named(cds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_PORT", "many")
    said = cds("rules", "list")
    assert said.code == 2
    assert "CDS_PORT" in said.err


def test_the_rules_of_a_site_are_laid_over(cds: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kidney.yaml").write_text("equation: reported\n", encoding="utf-8")
    monkeypatch.setenv("CDS_RULES_FOLDER", str(tmp_path))
    assert cds("rules", "check").code == 0


def test_every_demonstration_patient_is_evaluated(cds: Any) -> None:
    for name, file in DEMO.items():
        assert cds("evaluate", str(file), *AT).code == 0, name


def test_every_demonstration_of_orders_is_evaluated_and_explained(cds: Any) -> None:
    for name, file in ORDERS.items():
        said = cds("evaluate", str(file), *AT)
        assert said.code == 0, name
        assert "Draft orders:" in said.out
        assert ("C-ORD-" in said.out) == ("This does not say that they are safe" not in said.out)
        explained = cds("explain", str(file), *AT)
        assert explained.code == 0, name
        assert "## ORD-1 " in explained.out
        assert "## C-CLASS-MET" not in explained.out


def test_an_order_request_is_answered_by_its_service_alone(cds: Any) -> None:
    file = str(ORDERS["order-fluindione-black-eschar"])
    answers = json.loads(cds("evaluate", file, *AT, "--json").out)
    assert list(answers) == ["calcification-order-safety"]
    assert [card["indicator"] for card in answers["calcification-order-safety"]["cards"]] == ["critical"]
    wrong = cds("evaluate", file, *AT, "--service", "soft-tissue-calcification")
    assert wrong.code == 2
    assert "calcification-order-safety" in wrong.err
    assert cds("evaluate", DIALYSIS, *AT, "--service", "calcification-order-safety").code == 2


def test_a_rule_of_orders_explains_itself(cds: Any) -> None:
    file = str(ORDERS["order-fluindione-black-eschar"])
    said = cds("explain", file, *AT, "--rule", "ORD-6").out
    assert "## ORD-6 " in said
    assert "MedicationRequest/fluindione" in said


@pytest.mark.slow
def test_serve_offers_ready_requests() -> None:
    """`python -m cds serve --demo` on a free port: what it prints can be pasted into a shell."""
    command = [sys.executable, "-m", "cds", "serve", "--demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=data.folder("rules").parent) as process:
        try:
            assert process.stdout is not None
            discovery = process.stdout.readline().removeprefix("Discovery: ").strip()
            lines = [process.stdout.readline() for _ in (*DEMO, *ORDERS)]
            with httpx.Client(transport=httpx.HTTPTransport(retries=8), trust_env=False) as client:
                assert client.get(discovery).status_code == 200
                for name, line in zip((*DEMO, *ORDERS), lines, strict=True):
                    request, service = re.findall(r"http://\S+", line)
                    assert request.endswith(f"/demo/{name}")
                    reply = client.post(service, json=client.get(request).json())
                    assert reply.status_code == 200
                    classification = reply.json()["extension"]["calcification-cds.evaluation"]["classification"]
                    if name in DEMO:
                        assert (classification == "NOT_APPLICABLE") == (name == "nothing-to-say")
                assert client.get(discovery.replace("cds-services", "demo/nobody")).status_code == 404
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_a_port_that_is_taken_is_one_line(cds: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = cds("serve", "--port", str(taken.getsockname()[1]))
    assert said.code == 2
    assert "cannot listen on 127.0.0.1" in said.err


def test_the_command_is_installed() -> None:
    assert shutil.which("cds", path=str(Path(sys.executable).parent))
