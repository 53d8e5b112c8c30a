"""Why a draft order got a card, or none: every rule of section 12b about the drafts of one request."""

from __future__ import annotations

from collections.abc import Iterator

from cds.reasoning.chart import Draft
from cds.reasoning.conclusions import Conclusion, Text
from cds.reasoning.explanation import Explanation, rows_words
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.criteria import Criterion
from cds.reasoning.knowledge.names import Names
from cds.reasoning.knowledge.orders import OrderRule, Row
from cds.reasoning.orders.classes import judged
from cds.reasoning.orders.evaluate import evaluate_orders

__all__ = ["explain_orders"]

_NONE = Text("No draft order that is judged is of this kind.", "Aucune prescription jugée n'est de cette nature.")
_ELSEWHERE = Text("another rule speaks of it (ORD-0c)", "une autre règle en parle (ORD-0c)")
_SILENT = Text("no condition holds, or silence is right", "aucune condition n'est remplie, ou le silence est juste")


def explain_orders(facts: Facts) -> Iterator[Explanation]:
    """ORD-1 to ORD-10 in their order: what each says of the drafts, on which data, and its conditions where it is silent."""
    chapter = facts.knowledge.orders
    conclusions = evaluate_orders(facts).conclusions
    by_card = {each.card: each for each in conclusions}
    for rule in chapter.rules:
        drafts = [draft for draft, classes in facts(judged) if not classes.isdisjoint(rule.classes)]
        found = by_card.get(rule.card)
        yield _fired(rule.id, facts, found) if found is not None else _silent(rule, drafts, conclusions, facts)
    duplicates = chapter.duplicates
    found = by_card.get(duplicates.card)
    if found is not None:
        yield _fired(duplicates.id, facts, found)
    else:
        yield Explanation(duplicates.id, facts.knowledge.cards[duplicates.card].topic, "false", ())


def _fired(rule: str, facts: Facts, found: Conclusion) -> Explanation:
    because = (*rows_words(facts, found.drafts), *rows_words(facts, found.evidence), *found.notes)
    change = tuple(gap.what for gap in found.gaps)
    return Explanation(rule, facts.knowledge.cards[found.card].topic, "true", because, change)


def _silent(rule: OrderRule, drafts: list[Draft], conclusions: tuple[Conclusion, ...], facts: Facts) -> Explanation:
    """Which drafts it looked at, and the conditions under which it would speak."""
    title = facts.knowledge.cards[rule.card].topic
    if not drafts:
        return Explanation(rule.id, title, "false", (_NONE,))
    told = {row.source for each in conclusions for row in each.drafts}
    because = tuple(_said(draft, _ELSEWHERE if draft.source in told else _SILENT) for draft in drafts)
    return Explanation(rule.id, title, "false", because, tuple(_conditions(rule, facts.knowledge.names)))


def _said(draft: Draft, why: Text) -> Text:
    name = f"{draft.texts[0]} ({draft.source})" if draft.texts else str(draft.source)
    return Text(f"{name}: {why.en}", f"{name} : {why.fr}")


def _conditions(rule: OrderRule, names: Names) -> Iterator[Text]:
    """Each row that speaks, read aloud."""
    for row in rule.rows:
        if not row.silent:
            yield Text(
                *(f"{row.variant}{colon}{_aloud(row, to, names)}" for to, colon in (("en", ": "), ("fr", " : ")))
            )


def _aloud(row: Row, language: str, names: Names) -> str:
    """What must hold, and one of the reasons, as a list below the variant."""
    reasons = Criterion("any", [each.when for each in row.because])
    parts = [*([row.when] if row.when is not None else []), *([reasons] if row.because else [])]
    return (Criterion("all", parts) if len(parts) > 1 else parts[0]).lines(language, names)
