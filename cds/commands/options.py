"""What several commands share: their arguments, the settings, reading the input and printing the answer."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import ValidationError
from rich.console import Console

from cds.commands.printing import unescaped
from cds.commands.terminal import show
from cds.errors import InputError
from cds.settings import Settings

__all__ = [
    "EPILOG", "PROBLEM", "USAGE", "At", "File", "Lang", "Who", "clock", "print_markdown", "read_input", "read_settings",
]  # fmt: skip

PROBLEM, USAGE = 1, 2
EPILOG = "Exit codes: 0 all is well, 1 a problem was found, 2 the command or its input cannot be used."


def clock(written: str) -> datetime:
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
    typer.Option("--at", parser=clock, metavar="DATE", help="Evaluate as of this date.", show_default="now"),
]
Lang = Annotated[
    Literal["en", "fr"] | None,
    typer.Option("--lang", help="Language of the answer.", show_default="the setting, then English"),
]
Who = Annotated[
    str | None,
    typer.Option("--patient", metavar="ID", help="Which patient, where the data hold several.", show_default=False),
]


def read_settings() -> Settings:
    """The settings of the environment. Raises InputError with everything that is wrong with them."""
    try:
        return Settings()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        said = "; ".join(f"CDS_{str(each['loc'][0]).upper()}: {each['msg']}" for each in problems)
        raise InputError(f"the settings cannot be used: {said}") from None


def read_input(file: str) -> bytes | Path:
    """Standard input as bytes, anything else as a path that exists."""
    if file == "-":
        return sys.stdin.buffer.read()
    path = Path(file)
    if not path.exists():
        raise InputError(f"{file}: no such file or folder")
    return path


def print_markdown(markdown: str) -> None:
    """On a terminal with headings and tables drawn, elsewhere as it is."""
    if sys.stdout.isatty():
        show(markdown, Console(highlight=False))
    else:
        typer.echo(unescaped(markdown), nl=False)
