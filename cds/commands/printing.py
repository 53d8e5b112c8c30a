"""What the command line says, as Markdown: a terminal shows it laid out, a file or a pipe gets it as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from cds.cards.markdown import escape
from cds.hooks.models import Card, Suggestion
from cds.reasoning.chart import Draft, Patient
from cds.reasoning.conclusions import Evaluation, Text
from cds.reasoning.knowledge.aloud import Part, read_aloud

if TYPE_CHECKING:
    from cds.reasoning.explain import Explanation
    from cds.reasoning.knowledge.names import Names
    from cds.reasoning.knowledge.wording import Wording

__all__ = ["aloud", "evaluation_text", "explanation_text", "unescaped"]

_INDICATORS = {
    "critical": Text("CRITICAL", "CRITIQUE"),
    "warning": Text("Warning", "Alerte"),
    "info": Text("Information", "Information"),
}
_SEXES = {"female": Text("female", "femme"), "male": Text("male", "homme")}
_BORN = {"female": "née", "male": "né"}
_OUTCOMES = {
    "none": Text("no", "non"),
    "true": Text("fired", "s'applique"),
    "false": Text("did not fire", "ne s'applique pas"),
    "unknown": Text("unknown: data missing", "inconnu : données manquantes"),
    "critical": Text("critical", "critique"),
    "warning": Text("warning", "avertissement"),
    "coded": Text("coded", "codée"),
    "text": Text("in words", "en texte"),
    "high": Text("high", "élevée"),
    "normal": Text("normal", "normale"),
    "low": Text("low", "basse"),
    "unreliable": Text("unreliable", "non fiable"),
    "verified": Text("verified", "vérifiée"),
    "unverified": Text("not verified", "non vérifiée"),
    "history": Text("in the past", "ancienne"),
    "suppressed": Text("suppressed", "freinée"),
    "not-suppressed": Text("not suppressed", "non freinée"),
    "raised": Text("raised", "élevé"),
    "very-high": Text("very high", "très élevé"),
    "withheld": Text("withheld", "retenue"),
}
"""What a rule concludes besides a class or a level, whose words stand in rules/wording.yaml."""

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BREAK = re.compile(r"<br\s*/?>")


def evaluation_text(
    patient: Patient,
    evaluation: Evaluation,
    cards: Sequence[Card],
    language: str,
    basis: str,
    wording: Wording,
    drafts: Sequence[Draft] | None = None,
) -> str:
    """The result for one patient: the conclusions in a few lines, then every card. `basis` says when, by which rules.

    `drafts`: the draft orders, when it is they that were judged.
    """
    say = _Words(language, wording)
    parts = [f"# {say.patient(patient)}", basis, say.summary(evaluation)]
    if drafts is not None:
        parts.append(say.drafts(drafts))
    parts += [say.card(card) for card in cards]
    if not cards:
        parts.append(say.nothing() if drafts is None else say.nothing_about_orders())
    return "\n\n".join([*parts, *say.caveats(evaluation)]) + "\n"


def explanation_text(explanations: Iterable[Explanation], language: str, wording: Wording) -> str:
    """Every rule: its outcome, on which data, and what would change it."""
    say = _Words(language, wording)
    return "\n\n".join(say.explanation(each) for each in explanations) + "\n"


def aloud(name: str, part: Part | None, names: Names, languages: Iterable[str]) -> list[str]:
    """An entry of the rules in words, once in each language; None: the site has switched it off. Raises LookupError."""
    return [
        f"{name}{_SWITCHED_OFF.in_(language)}" if part is None else read_aloud(part, names, language)
        for language in languages
    ]


_SWITCHED_OFF = Text(": switched off by the site's own folder", " : désactivée par le dossier du site")


def unescaped(markdown: str) -> str:
    """`markdown` for readers of plain text: without the escapes that keep words of the record from being markup."""
    return html.unescape(_ESCAPE.sub(r"\1", _BREAK.sub("; ", markdown)))


class _Words:
    """The sentences of the command line in one language."""

    def __init__(self, language: str, wording: Wording) -> None:
        self._language = language
        self._wording = wording
        self._unseen: dict[tuple[str, str], str] = {
            (kind, state): f"{self.of(what)} ({self.of(why)})"
            for kind, what in wording.kinds.items()
            for state, why in wording.states.items()
        }
        self._outcomes = _OUTCOMES | {
            str(key): text for words in (wording.levels, wording.classes) for key, text in words.items()
        }

    def __call__(self, en: str, fr: str) -> str:
        return fr if self._language == "fr" else en

    def of(self, text: Text) -> str:
        return text.in_(self._language)

    def patient(self, patient: Patient) -> str:
        said = [self("Patient", "Patient") + f" {patient.id}"]
        if patient.sex:
            said.append(self.of(_SEXES[patient.sex]))
        if patient.born:
            said.append(
                self(
                    f"born {patient.born:%Y-%m-%d}",
                    f"{_BORN.get(patient.sex or '', 'né(e)')} le {patient.born:%d/%m/%Y}",
                )
            )
        return ", ".join(said)

    def nothing(self) -> str:
        return self("No card: there is nothing to say.", "Aucune carte : rien à signaler.")

    def nothing_about_orders(self) -> str:
        """ORD-0: silence never says that an order is safe."""
        return self(
            "No card: no rule speaks against these orders. This does not say that they are safe.",
            "Aucune carte : aucune règle ne s'oppose à ces prescriptions. Cela ne dit pas qu'elles sont sans risque.",
        )

    def drafts(self, drafts: Sequence[Draft]) -> str:
        """Every draft order, and whether it was judged (order-select)."""
        context = self(" (not selected)", " (non sélectionnée)")
        rows = sorted(
            f"- {escape(each.texts[0] if each.texts else str(each.source))} ({escape(str(each.source))})"
            + ("" if each.selected else context)
            for each in drafts
        )
        head = self("Draft orders:", "Prescriptions en préparation :")
        return "\n".join([head, "", *(rows or [self("- none", "- aucune")])])

    def summary(self, evaluation: Evaluation) -> str:
        rows = [(self("Soft-tissue calcification", "Calcifications des tissus mous"), self._class(evaluation))]
        if evaluation.stage:
            low, high = evaluation.stage.min, evaluation.stage.max
            stage = f"{low}" if low == high else f"{low}-{high}"
            rows.append(
                (
                    self("Chronic venous insufficiency", "Insuffisance veineuse chronique"),
                    self(
                        f"stage {stage} of 4 (Porter 1988), CEAP approximately {evaluation.stage.ceap}",
                        f"stade {stage} sur 4 (Porter 1988), CEAP approximatif {evaluation.stage.ceap}",
                    ),
                )
            )
        if evaluation.causes:
            causes = (
                f"{self.of(each.term)} ({self.of(self._wording.levels[each.level])})" for each in evaluation.causes
            )
            rows.append((self("Causes", "Causes"), self("; ", " ; ").join(causes)))
        if evaluation.forms:
            rows.append(
                (self("Forms", "Formes"), self("; ", " ; ").join(self.of(each.term) for each in evaluation.forms))
            )
        return "\n".join(f"- **{name}**{self('', ' ')}: {value}" for name, value in rows)

    def _class(self, evaluation: Evaluation) -> str:
        words = self.of(self._wording.classes[evaluation.classification])
        lean = evaluation.lean
        return words if lean is None else f"{words} ({self.of(self._wording.lean[lean])})"

    def card(self, card: Card) -> str:
        code = f" `{card.source.topic.code}`" if card.source.topic else ""
        head = f"## {self.of(_INDICATORS[card.indicator])}{self('', ' ')}: {card.summary}{code}"
        return "\n\n".join(filter(None, [head, card.detail, self._suggestions(card.suggestions)]))

    def _suggestions(self, suggestions: Sequence[Suggestion]) -> str:
        if not suggestions:
            return ""
        head = self("Suggested:", "Propositions :")
        return "\n".join([head, "", *(f"- {each.label}" for each in suggestions)])

    def caveats(self, evaluation: Evaluation) -> list[str]:
        """What was not seen, and what was seen and not used."""
        said = []
        unseen = sorted(self._unseen[each] for each in evaluation.access.items() if not each[1].complete)
        if unseen:
            said.append(self("Not seen completely: ", "Non vu, ou incomplètement : ") + ", ".join(unseen) + ".")
        if evaluation.not_used:
            by_reason = sorted((each.reason, each.reference) for each in evaluation.not_used)
            rows = [
                f"- {self._reason(reason)}{self('', ' ')}: " + ", ".join(sorted({reference for _, reference in group}))
                for reason, group in groupby(by_reason, key=lambda each: each[0])
            ]
            said.append("\n".join([self("Not used, and why:", "Non utilisé, et pourquoi :"), "", *rows]))
        return said

    def _reason(self, reason: str) -> str:
        words = self._wording.not_used.get(reason)
        return reason if words is None else self.of(words)

    def explanation(self, explanation: Explanation) -> str:
        outcome = self._outcomes.get(explanation.outcome)
        said = self.of(outcome) if outcome else explanation.outcome
        lines = [f"## {explanation.rule} {self.of(explanation.title)}{self('', ' ')}: {said}"]
        if explanation.because:
            lines += ["", *(_listed(self.of(each)) for each in explanation.because)]
        if explanation.would_change:
            lines += ["", self("It would change with:", "Ce qui changerait la conclusion :"), ""]
            lines += [_listed(self.of(each)) for each in explanation.would_change]
        return "\n".join(lines)


def _listed(text: str) -> str:
    """An item of a list; its own lines stand below it."""
    return "- " + text.replace("\n", "\n  ")
