"""`cds valuesets refresh` and `cds valuesets validate`."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cds import data
from cds.commands.options import EPILOG, PROBLEM
from cds.errors import InputError

# aiohttp is imported where it is used: the other commands need not wait for it.
if TYPE_CHECKING:
    from cds.valuesets.refresh import Refreshed
    from cds.valuesets.validate import Validation

__all__ = ["valuesets"]

Server = Annotated[
    str, typer.Option("--server", metavar="URL", help="Base of a FHIR terminology server.", show_default=False)
]
TokenEnv = Annotated[
    str | None,
    typer.Option(
        "--token-env", metavar="NAME", help="Environment variable that holds a bearer token.", show_default=False
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        envvar="CDS_PROFILES_FOLDER",
        help="The site's own profiles, laid over those of the package; what is written goes there.",
        show_default="the profiles of the package",
    ),
]

valuesets = typer.Typer(help="Compare the value sets with a terminology server.", no_args_is_help=True, epilog=EPILOG)


@valuesets.command("refresh", epilog=EPILOG, short_help="Write the descendants of the SNOMED CT codes.")
def refresh_command(
    server: Server,
    token_env: TokenEnv = None,
    folder: Folder = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="Only this value set; may be repeated.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Codes beyond which a value set is left alone.")] = 2000,
) -> None:
    """Ask for the descendants of the SNOMED CT codes, and write them as expansions. Says what was added: read it."""
    from cds.valuesets.files import ValueSets
    from cds.valuesets.refresh import refresh
    from cds.valuesets.server import TerminologyServer

    sets = ValueSets(data.folder("profiles"), folder)
    known = {each["id"] for each in sets.all().values()}
    if strange := set(only or ()) - known:
        raise InputError(f"there is no value set {', '.join(sorted(strange))}")

    async def ask() -> list[Refreshed]:
        async with TerminologyServer(server, _token(token_env)) as asked:
            return await refresh(sets, asked, datetime.now(UTC), only=only or (), most=most)

    done = asyncio.run(ask())
    for each in done:
        if each.refused:
            typer.echo(f"{each.name}: left alone, {each.refused}")
        elif each.added or each.removed:
            typer.echo(f"{each.name}: {len(each.added)} added, {each.removed} removed")
            for member in each.added:
                typer.echo(f"  + {member.code} {member.display}".rstrip())
    refused = sum(bool(each.refused) for each in done)
    typer.echo(f"{len(done)} value sets, {sum(len(each.added) for each in done)} codes added, {refused} left alone")
    if refused:
        raise typer.Exit(PROBLEM)


@valuesets.command("validate", epilog=EPILOG)
def validate_command(
    server: Server,
    token_env: TokenEnv = None,
    folder: Folder = None,
    system: Annotated[
        list[str] | None, typer.Option("--system", metavar="URL", help="Only this code system; may be repeated.")
    ] = None,
) -> None:
    """Check every code: unknown, retired, called otherwise. A code system that the server lacks is a problem too."""
    from cds.valuesets.files import ValueSets
    from cds.valuesets.server import TerminologyServer
    from cds.valuesets.validate import validate

    sets = ValueSets(data.folder("profiles"), folder)

    async def ask() -> Validation:
        async with TerminologyServer(server, _token(token_env)) as asked:
            return await validate(sets, asked, system or ())

    found = asyncio.run(ask())
    for each in found.problems:
        said = f" (the server: {each.said})" if each.said else ""
        typer.echo(f"{each.kind}\t{each.system}|{each.code}\t{each.display}{said}\t{', '.join(each.value_sets)}")
    for name, number in found.unchecked.items():
        typer.echo(f"unchecked\t{name}\t{number} codes: the server does not hold this code system")
    typer.echo(f"{found.checked} codes checked, {len(found.problems)} problems")
    if not found.is_good:
        raise typer.Exit(PROBLEM)


def _token(name: str | None) -> str:
    if name is None:
        return ""
    token = os.environ.get(name, "").strip()
    if not token:
        raise InputError(f"the environment variable {name} is empty")
    return token
