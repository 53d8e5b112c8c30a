"""What goes with cards for machines: the result of the evaluation, and what each card rests on (clause C8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cds.cards.context import CardContext
from cds.cards.deck import Deck
from cds.reasoning.conclusions import Conclusion, Evaluation

__all__ = ["CARD", "EVALUATION", "SILENT", "WITHHELD", "card_extension", "outcome"]

EVALUATION = "calcification-cds.evaluation"
"""On the answer: the result, for auditors and for scoring. A setting turns it off."""
WITHHELD = "calcification-cds.withheld"
"""On the answer: cards of this service that a rule holds back, with the rule. Always sent: withholding is never silent."""
SILENT = "calcification-cds.suppressed"
"""On the answer: cards that are not shown again, with the reason. Always sent, as what is withheld."""
CARD = "calcification-cds.card"
"""On a card: rules, knowledge version, evidence, decisions, evidence hash."""


def outcome(
    evaluation: Evaluation,
    service: str,
    context: CardContext,
    deck: Deck,
    suppressed: Sequence[str],
    silent: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The extension of the answer. `suppressed` are all cards left out, `silent` those that are not shown again."""
    made: dict[str, Any] = {}
    if deck.options.evaluation_extension:
        made[EVALUATION] = _result(evaluation, context, deck, suppressed)
    withheld = [
        {"card": card, "rule": rule} for card, rule in evaluation.withheld.items() if deck.serves(card, service)
    ]
    if withheld:
        made[WITHHELD] = withheld
    if silent:
        made[SILENT] = list(silent)
    return made


def _result(evaluation: Evaluation, context: CardContext, deck: Deck, suppressed: Sequence[str]) -> dict[str, Any]:
    """The members are fixed; `lean`, `porter` and `ceap` are null where there is nothing to say. `fetch` stands there only
    where a FHIR server had to be asked."""
    stage = evaluation.stage
    states = evaluation.access if context.prefetch is None else context.prefetch
    return {
        "classification": evaluation.classification,
        "lean": evaluation.lean,
        "porter": {"min": stage.min, "max": stage.max} if stage else None,
        "ceap": stage.ceap if stage and stage.ceap else None,
        "forms": [each.id for each in evaluation.forms],
        "causes": [{"id": each.id, "level": each.level} for each in evaluation.causes],
        "knowledgeVersion": deck.knowledge_version,
        "prefetch": {key: str(state) for key, state in states.items()},
        "notUsed": [{"reference": each.reference, "reason": each.reason} for each in evaluation.not_used],
        "suppressedCards": list(suppressed),
        **({} if context.fetch is None else {"fetch": context.fetch}),
    }


def card_extension(conclusion: Conclusion, identity: str, knowledge_version: str) -> dict[str, Any]:
    """The extension of a card. Members that would be empty are left out (C9)."""
    sources = dict.fromkeys(each.source for each in conclusion.evidence if each.source is not None)
    said: dict[str, Any] = {
        "rules": [conclusion.rule],
        "variant": conclusion.variant,
        "certainty": conclusion.certainty,
        "decisions": list(conclusion.decisions),
        "knowledgeVersion": knowledge_version,
        "evidence": [
            {"reference": str(each), "version": each.version} if each.version else {"reference": str(each)}
            for each in sources
        ],
        "evidenceHash": identity,
    }
    return {CARD: {name: value for name, value in said.items() if value}}
