"""`cds evaluate` and `cds explain`: the record of one patient."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from cds.commands import printing
from cds.commands.options import At, File, Lang, Who, print_markdown, read_input, read_settings
from cds.consult import Consultant
from cds.errors import InputError
from cds.hooks.models import Card
from cds.reasoning.knowledge.nearest import did_you_mean

__all__ = ["evaluate", "explain"]


def evaluate(
    file: File,
    at: At = None,
    lang: Lang = None,
    patient: Who = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="ID", help="Ask this service only; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers of the services as JSON.")] = False,
) -> None:
    """Say what the services find in the record of one patient."""
    settings, now, source = read_settings(), at or datetime.now(UTC), read_input(file)
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
    day = "%d/%m/%Y" if (lang or settings.language) == "fr" else "%Y-%m-%d"
    basis = f"{now:{day} %H:%M %Z} · {consultant.knowledge.version}"
    chart = case.reading.chart
    drafts = chart.drafts if case.about_orders else None
    wording = consultant.knowledge.wording
    print_markdown(printing.evaluation_text(chart.patient, case.evaluation, cards, language, basis, wording, drafts))


def explain(
    file: File,
    at: At = None,
    lang: Lang = None,
    patient: Who = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule; may be repeated.")
    ] = None,
) -> None:
    """Say of every rule whether it fired, why, on which data, and what would change it."""
    from cds.reasoning.explain import explain as explain_facts

    settings, now, source = read_settings(), at or datetime.now(UTC), read_input(file)
    consultant = Consultant.load(settings)
    case = consultant.open(source, now, patient)
    explanations = explain_facts(case.facts, orders=case.about_orders)
    known = {each.rule for each in explanations}
    wanted = {each.upper() for each in rule or ()}
    for each in sorted(wanted - known):
        raise InputError(f"there is no rule {each} here{did_you_mean(each, known)}")
    chosen = [each for each in explanations if not wanted or each.rule in wanted]
    print_markdown(printing.explanation_text(chosen, lang or settings.language, consultant.knowledge.wording))
