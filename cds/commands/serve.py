"""`cds serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from cds.commands.options import read_settings
from cds.errors import InputError
from cds.services import CALCIFICATION, ORDERS

__all__ = ["serve"]


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
    from cds.commands.starting import start
    from cds.demo import demo_orders, demo_patients
    from cds.operations.serving import serve as serve_app
    from cds.trust.exposure import exposure

    given = {"host": host, "port": port, "workers": workers, "demo": demo or None}
    settings = read_settings().model_copy(update={name: value for name, value in given.items() if value is not None})
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
