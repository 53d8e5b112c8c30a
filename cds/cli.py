"""The command line: `cds serve | evaluate | explain | rules | clients | report | audit | valuesets | demo`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as installed
from typing import Annotated

import typer

from cds.commands.clients import clients
from cds.commands.demo import demo
from cds.commands.memory import audit, report
from cds.commands.options import EPILOG, PROBLEM, USAGE
from cds.commands.record import evaluate, explain
from cds.commands.rules import rules
from cds.commands.serve import serve
from cds.commands.valuesets import valuesets
from cds.errors import CdsError, ClientsError, KnowledgeError

__all__ = ["main"]

app = typer.Typer(
    name="cds",
    help="Clinical decision support for soft-tissue calcification and chronic venous insufficiency.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command, short in (
    (serve, "Answer CDS Hooks calls until stopped (Ctrl-C)."),
    (evaluate, "Say what the services find in the record of one patient."),
    (explain, "Say of every rule whether it fired, and why."),
    (report, "Say how cards fare: shown, accepted, dismissed."),
):
    app.command(epilog=EPILOG, short_help=short)(command)
for name, group in {"rules": rules, "clients": clients, "audit": audit, "valuesets": valuesets, "demo": demo}.items():
    app.add_typer(group, name=name)


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


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and stop.")
    ] = False,
) -> None:
    del version
