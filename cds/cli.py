"""The command line: `cds serve | evaluate | explain | rules | valuesets | demo | clients | report | audit`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, time
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console

from cds import cli_memory, printing, rulebook
from cds.consult import Consultant, knowledge_folders
from cds.errors import CdsError, ClientsError, InputError, KnowledgeError
from cds.hooks.models import Card
from cds.reasoning.knowledge import Knowledge
from cds.services import CALCIFICATION, ORDERS, VENOUS
from cds.settings import Settings
from cds.terminal import show
from cds.valuesets.commands import app as valuesets

__all__ = ["main"]

PROBLEM, USAGE = 1, 2

_EPILOG = "Exit codes: 0 all is well, 1 a problem was found, 2 the command or its input cannot be used."
_FOLDER = typer.Argument(help="The site's own folder, laid over the rules of the package.", show_default=False)

app = typer.Typer(
    name="cds",
    help="Clinical decision support for soft-tissue calcification and chronic venous insufficiency.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
rules = typer.Typer(help="Read and check the rules.", no_args_is_help=True, epilog=_EPILOG)
app.add_typer(rules, name="rules")
app.add_typer(valuesets, name="valuesets")
demo = typer.Typer(help="The demonstration patients.", no_args_is_help=True, epilog=_EPILOG)
app.add_typer(demo, name="demo")
clients = typer.Typer(help="Check the file of clients.", no_args_is_help=True, epilog=_EPILOG)
app.add_typer(clients, name="clients")
app.add_typer(cli_memory.audit, name="audit", epilog=_EPILOG)
app.command(epilog=_EPILOG)(cli_memory.report)


def main() -> None:
    """The `cds` command. Whatever is wrong with the input is one line on standard error."""
    try:
        app()
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except CdsError as error:
        typer.echo(f"cds: {error}", err=True)
        raise SystemExit(PROBLEM if isinstance(error, KnowledgeError | ClientsError) else USAGE) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cds {installed('calcification-cds')}")
        raise typer.Exit


def _clock(written: str) -> datetime:
    """A date is meant whole: the clock stands at its end, so that nothing of that day lies in the future."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter("give a date such as 2026-03-02, or a date and time") from None
    if len(written) <= len("2026-03-02"):
        at = datetime.combine(at.date(), time(23, 59, 59))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


File = Annotated[
    str,
    typer.Argument(
        help="A CDS Hooks request, a Bundle of any type, NDJSON of one patient, a folder of resources, or - for standard input.",
        show_default=False,
    ),
]
At = Annotated[
    datetime | None,
    typer.Option("--at", parser=_clock, metavar="DATE", help="Evaluate as of this date.", show_default="now"),
]
Lang = Annotated[
    Literal["en", "fr"] | None,
    typer.Option("--lang", help="Language of the answer.", show_default="the setting, then English"),
]
Who = Annotated[
    str | None,
    typer.Option("--patient", metavar="ID", help="Which patient, where the data hold several.", show_default=False),
]


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and stop.")
    ] = False,
) -> None:
    del version


@app.command(epilog=_EPILOG)
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="CDS_HOST, then 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 takes any free one.", show_default="CDS_PORT, then 8080"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that share the port.", show_default="CDS_WORKERS, then 1"),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Offer ready requests about invented patients.")] = False,
) -> None:
    """Answer CDS Hooks calls until stopped (Ctrl-C). Settings come from the environment: docs/settings.md."""
    from cds.demo import demo_orders, demo_patients
    from cds.serving import serve as serve_app
    from cds.starting import start
    from cds.trust.exposure import exposure

    given = {"host": host, "port": port, "workers": workers, "demo": demo or None}
    settings = _settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    warning = exposure(settings)
    asked = dict.fromkeys(demo_patients(), CALCIFICATION.id) | dict.fromkeys(demo_orders(), ORDERS.id)
    ready_requests = asked if settings.demo else {}

    def ready(base: str) -> None:
        if warning:
            typer.echo(f"cds: {warning}", err=True)
        typer.echo(f"Discovery: {base}/cds-services")
        for name, service in ready_requests.items():
            for_service = f"{base}/cds-services/{service}"
            typer.echo(f"curl -s {base}/demo/{name} | curl -s -H 'Content-Type: application/json' -d @- {for_service}")

    try:
        code = serve_app(start(settings), settings.host, settings.port, settings.workers, ready)
    except OSError as error:
        raise InputError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
    raise typer.Exit(code)


@app.command(epilog=_EPILOG)
def evaluate(
    file: File,
    at: At = None,
    lang: Lang = None,
    patient: Who = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Ask this service only; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers of the services as JSON.")] = False,
) -> None:
    """Say what the services find in the record of one patient."""
    settings, now, source = _settings(), at or datetime.now(UTC), _input(file)
    language = lang or settings.language
    consultant = Consultant.load(settings)
    if set(service or ()) - {each.id for each in consultant.services}:
        raise InputError(f"no such service; there are: {', '.join(each.id for each in consultant.services)}")
    case = consultant.open(source, now, patient)
    serving = consultant.serving(case)
    asked = [each for each in serving if not service or each.id in service]
    if not asked:
        raise InputError(f"no such service on {case.hook}; there are: {', '.join(each.id for each in serving)}")
    answers = {each.id: consultant.answer(each, case, language) for each in asked}
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(answers)).decode())
        return
    cards: list[Card] = [card for answer in answers.values() for card in answer.cards]
    basis = f"{now:%Y-%m-%d %H:%M %Z} · {consultant.knowledge.version}"
    chart = case.reading.chart
    drafts = chart.drafts if case.about_orders else None
    wording = consultant.knowledge.wording
    _print(printing.evaluation_text(chart.patient, case.evaluation, cards, language, basis, wording, drafts))


@app.command(epilog=_EPILOG)
def explain(
    file: File,
    at: At = None,
    lang: Lang = None,
    patient: Who = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only this rule; may be repeated.")] = None,
) -> None:
    """Say of every rule whether it fired, why, on which data, and what would change it."""
    from cds.reasoning.explain import explain as explain_facts

    settings, now, source = _settings(), at or datetime.now(UTC), _input(file)
    consultant = Consultant.load(settings)
    case = consultant.open(source, now, patient)
    explanations = explain_facts(case.facts, orders=case.about_orders)
    wanted = {each.upper() for each in rule or ()}
    chosen = [each for each in explanations if not wanted or each.rule.upper() in wanted]
    if not chosen:
        raise InputError("no such rule; `cds rules list` lists them")
    _print(printing.explanation_text(chosen, lang or settings.language, consultant.knowledge.wording))


@rules.command("list", epilog=_EPILOG)
def list_rules(lang: Lang = None) -> None:
    """List every entry of the rules: its id, where it stands, its name."""
    settings = _settings()
    for entry in rulebook.entries(knowledge_folders(settings.rules_folder)):
        title = entry.title.in_(lang or settings.language)
        typer.echo(f"{entry.id}\t{entry.file}:{entry.line}\t{title}".rstrip())


@rules.command("show", epilog=_EPILOG)
def show_rule(
    rule: Annotated[str, typer.Argument(metavar="ID", help="Such as MET-PHPT or C-CALCIPH.", show_default=False)],
) -> None:
    """Show an entry as it is written, in both languages; for the id of a rule, every entry that speaks of it."""
    entries = rulebook.entries(knowledge_folders(_settings().rules_folder))
    found = rulebook.find(rule, entries)
    if not found:
        nearest = rulebook.nearest(rule, entries)
        raise InputError(f"there is no {rule}" + (f"; did you mean {nearest}?" if nearest else ""))
    typer.echo("\n\n".join(f"# {entry.file}:{entry.line}\n{entry.source}" for entry in found))
    knowledge = Knowledge.load(knowledge_folders(_settings().rules_folder))
    for cause in (*knowledge.metabolic.causes, *knowledge.metabolic.associations):
        if cause.id.lower() == rule.lower():
            typer.echo("\n" + printing.criteria_text(cause, knowledge.names))


@rules.command("check", epilog=_EPILOG)
def check_rules(folder: Annotated[Path | None, _FOLDER] = None) -> None:
    """Say what is wrong with the rules, each mistake with its file, line and the nearest right name."""
    if folder and not folder.is_dir():
        raise InputError("there is no such folder")
    settings = _settings()
    consultant = Consultant.load(settings.model_copy(update={"rules_folder": folder}) if folder else settings)
    typer.echo(f"The rules are in order ({consultant.knowledge.version}).")


@demo.command("load", epilog=_EPILOG)
def load_demo(
    server: Annotated[str, typer.Option(metavar="URL", help="Base URL of a FHIR R4 server.", show_default=False)],
    at: Annotated[
        datetime | None,
        typer.Option("--at", parser=_clock, metavar="DATE", help="Move their dates to this one.", show_default="today"),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long the server may take to come up.")] = 0,
) -> None:
    """Put the demonstration patients on a FHIR server, as if written today. What it has under their ids is overwritten."""
    import asyncio

    from cds.demo import demo_transactions
    from cds.loading import load

    if not server.startswith(("https://", "http://")):
        raise InputError("--server must be an absolute URL")
    transactions = demo_transactions((at or datetime.now(UTC)).date())
    asyncio.run(load(server.rstrip("/"), transactions, wait))
    typer.echo(f"Loaded {len(transactions)} patients: {', '.join(transactions)}")


@clients.command("check", epilog=_EPILOG)
def check_clients(
    file: Annotated[
        Path | None, typer.Argument(help="The YAML file of the clients.", show_default="CDS_CLIENTS")
    ] = None,
) -> None:
    """Say what is wrong with the file of clients, and try to read their keys."""
    from cds.trust.check import check
    from cds.trust.outgoing import networks

    settings = _settings()
    named = file or settings.clients
    if named is None:
        raise InputError("give a file, or name it in CDS_CLIENTS")
    services = [each.id for each in (CALCIFICATION, VENOUS, ORDERS)]
    typer.echo(check(named, services, networks(settings.private_addresses)))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        said = "; ".join(f"CDS_{str(each['loc'][0]).upper()}: {each['msg']}" for each in problems)
        raise InputError(f"the settings cannot be used: {said}") from None


def _input(file: str) -> bytes | Path:
    """Standard input as bytes, anything else as a path that exists."""
    if file == "-":
        return sys.stdin.buffer.read()
    path = Path(file)
    if not path.exists():
        raise InputError(f"{file}: no such file or folder")
    return path


def _print(markdown: str) -> None:
    if sys.stdout.isatty():
        show(markdown, Console(highlight=False))
    else:
        typer.echo(printing.unescaped(markdown), nl=False)
