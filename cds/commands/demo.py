"""`cds demo load`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cds.commands.options import EPILOG, clock
from cds.errors import InputError

__all__ = ["demo"]

demo = typer.Typer(help="The demonstration patients.", no_args_is_help=True, epilog=EPILOG)


@demo.command("load", epilog=EPILOG, short_help="Put the demonstration patients on a FHIR server.")
def load_demo(
    server: Annotated[str, typer.Option(metavar="URL", help="Base URL of a FHIR R4 server.", show_default=False)],
    at: Annotated[
        datetime | None,
        typer.Option("--at", parser=clock, metavar="DATE", help="Move their dates to this one.", show_default="today"),
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
