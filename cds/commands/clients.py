"""`cds clients check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cds.commands.options import EPILOG, read_settings
from cds.errors import InputError
from cds.services import CALCIFICATION, ORDERS, VENOUS

__all__ = ["clients"]

clients = typer.Typer(help="Check the file of clients.", no_args_is_help=True, epilog=EPILOG)


@clients.command("check", epilog=EPILOG, short_help="Say what is wrong with the file of clients.")
def check_clients(
    file: Annotated[
        Path | None, typer.Argument(help="The YAML file of the clients.", show_default="CDS_CLIENTS")
    ] = None,
) -> None:
    """Say what is wrong with the file of clients, and try to read their keys."""
    from cds.trust.check import check
    from cds.trust.outgoing import networks

    settings = read_settings()
    named = file or settings.clients
    if named is None:
        raise InputError("give a file, or name it in CDS_CLIENTS")
    services = [each.id for each in (CALCIFICATION, VENOUS, ORDERS)]
    typer.echo(check(named, services, networks(settings.private_addresses)))
