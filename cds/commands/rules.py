"""`cds rules list | show | check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cds.commands import printing, rulebook
from cds.commands.options import EPILOG, Lang, read_settings
from cds.consult import Consultant, knowledge_folders
from cds.errors import InputError
from cds.reasoning.knowledge import Knowledge

__all__ = ["rules"]

_FOLDER = typer.Argument(help="The site's own folder, laid over the rules of the package.", show_default=False)

rules = typer.Typer(help="Read and check the rules.", no_args_is_help=True, epilog=EPILOG)


@rules.command("list", epilog=EPILOG)
def list_rules(lang: Lang = None) -> None:
    """List every entry of the rules: its id, where it stands, its name."""
    settings = read_settings()
    for entry in rulebook.entries(knowledge_folders(settings.rules_folder)):
        title = entry.title.in_(lang or settings.language)
        typer.echo(f"{entry.id}\t{entry.file}:{entry.line}\t{title}".rstrip())


@rules.command("show", epilog=EPILOG, short_help="Show an entry as it is written, then in words.")
def show_rule(
    rule: Annotated[str, typer.Argument(metavar="ID", help="Such as MET-PHPT or C-CALCIPH.", show_default=False)],
    lang: Annotated[
        Literal["en", "fr"] | None,
        typer.Option("--lang", help="Read aloud in this language only.", show_default="both"),
    ] = None,
) -> None:
    """Show an entry as it is written, then in words; for the id of a rule without one, every entry that speaks of it."""
    folders = knowledge_folders(read_settings().rules_folder)
    entries = rulebook.entries(folders)
    found = rulebook.find(rule, entries)
    if not found:
        nearest = rulebook.nearest(rule, entries)
        raise InputError(
            f"there is no {rule}"
            + (f"; did you mean {nearest}?" if nearest else "; `cds rules list` lists what there is")
        )
    said = [f"# {entry.file}:{entry.line}\n{entry.source}" for entry in found]
    names = Knowledge.load(folders).names
    in_force = rulebook.in_force(folders)
    try:
        for place in dict.fromkeys(entry.place for entry in found):
            said += printing.aloud(place[-1], in_force.get(place), names, (lang,) if lang else ("en", "fr"))
    except LookupError as error:
        raise InputError(str(error.args[0])) from None
    typer.echo("\n\n".join(said))


@rules.command("check", epilog=EPILOG, short_help="Say what is wrong with the rules, and where.")
def check_rules(folder: Annotated[Path | None, _FOLDER] = None) -> None:
    """Say what is wrong with the rules, each mistake with its file, line and the nearest right name."""
    if folder and not folder.is_dir():
        raise InputError(f"{folder}: " + ("this is no folder" if folder.exists() else "there is no such folder"))
    settings = read_settings()
    consultant = Consultant.load(settings.model_copy(update={"rules_folder": folder}) if folder else settings)
    typer.echo(f"The rules are in order ({consultant.knowledge.version}).")
