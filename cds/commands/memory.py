"""`cds report` and `cds audit export | purge`."""

from __future__ import annotations

import asyncio
import csv
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cds.commands.options import EPILOG, read_settings
from cds.errors import InputError, StoreUnavailable

# The database is imported where it is used: the other commands need not wait for it.
if TYPE_CHECKING:
    from cds.memory.reports import Fate
    from cds.memory.store import Store

__all__ = ["audit", "report"]

T = TypeVar("T")

_AGE = re.compile(r"(\d{1,5})([dy])")
_COLUMNS = ("client", "card", "rule", "shown", "accepted", "overridden", "suppressed", "medianSecondsToAct")

_WIDE = 200
"""Characters of a line of the table."""

audit = typer.Typer(help="What was said: export it, forget it.", no_args_is_help=True, epilog=EPILOG)


def _day(written: str) -> datetime:
    try:
        return datetime.combine(datetime.fromisoformat(written).date(), datetime.min.time(), UTC)
    except ValueError:
        raise typer.BadParameter("give a date such as 2026-03-02") from None


def _age(written: str) -> timedelta:
    found = _AGE.fullmatch(written)
    if not found:
        raise typer.BadParameter("give days or years, such as 90d or 3y")
    return timedelta(days=int(found[1]) * (365 if found[2] == "y" else 1))


Since = Annotated[
    datetime | None,
    typer.Option("--since", parser=_day, metavar="DATE", help="From this day on (UTC).", show_default="all"),
]


def report(
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Say how cards fare: shown, accepted, dismissed and why, kept silent, and how soon clinicians act."""
    from cds.memory.reports import report as report_on

    fates = _with_store(lambda store: report_on(store, _start(since)))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode([each.row for each in fates])).decode())
    elif as_csv:
        _csv(fates)
    else:
        # Where nobody sees it, nothing is cut off to fit a screen.
        Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(_table(fates))


@audit.command("export", epilog=EPILOG)
def export(since: Since = None) -> None:
    """Print every answer as a FHIR AuditEvent, one per line (NDJSON), oldest first."""
    from cds.memory import audit as trail

    base = read_settings().canonical_base

    async def print_all(store: Store) -> None:
        async for event in trail.events(store, base, _start(since)):
            sys.stdout.write(msgspec.json.encode(event).decode() + "\n")

    _with_store(print_all)


@audit.command("purge", epilog=EPILOG)
def purge(
    older_than: Annotated[
        timedelta,
        typer.Option("--older-than", parser=_age, metavar="AGE", help="Such as 90d or 3y.", show_default=False),
    ],
) -> None:
    """Forget answers and feedback of a certain age."""
    from cds.memory import audit as trail
    from cds.memory.records import milliseconds

    before = milliseconds(datetime.now(UTC) - older_than)
    gone = _with_store(lambda store: trail.purge(store, before))
    typer.echo(f"Forgotten: {gone.answers} answers, {gone.feedback} items of feedback.")


def _start(since: datetime | None) -> int:
    from cds.memory.records import milliseconds

    return milliseconds(since) if since else 0


def _with_store(run: Callable[[Store], Awaitable[T]]) -> T:
    """Raises InputError: the store is not there, or not for us."""
    from cds.memory.store import Store, store_url

    settings = read_settings()
    url = store_url(settings.store.get_secret_value(), settings.state_folder)

    async def whole() -> T:
        store = Store(url)
        try:
            return await run(store)
        finally:
            await store.close()

    try:
        return asyncio.run(whole())
    except StoreUnavailable as error:
        raise InputError(f"the store cannot be used ({error.cause})") from None


def _table(fates: Sequence[Fate]) -> Table:
    table = Table(title="How cards fare")
    for name in ("client", "card", "rule"):
        table.add_column(name, no_wrap=True)
    for name in ("shown", "accepted", "overridden", "suppressed", "median time to act"):
        table.add_column(name, justify="right")
    for each in fates:
        row = each.row
        why = ", ".join(f"{reason} {count}" for reason, count in row["overridden"].items())
        seconds = each.median_seconds
        table.add_row(
            each.client or "anonymous",
            each.card,
            each.rule,
            str(each.shown),
            str(each.accepted),
            why or "0",
            str(each.suppressed),
            "" if seconds is None else f"{seconds:.0f} s",
        )
    return table


def _csv(fates: Sequence[Fate]) -> None:
    """A row per card; the reasons of dismissals in one column, as `reason count; reason count`."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for each in fates:
        row = dict(each.row)
        row["overridden"] = "; ".join(f"{reason} {count}" for reason, count in row["overridden"].items())
        writer.writerow(["" if row[name] is None else row[name] for name in _COLUMNS])
