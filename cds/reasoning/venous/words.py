"""What the words behind one recognition say: phrases, terms, and whose severity a grade is (D-8, D-16, CVI-1a)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from cds.reasoning.chart import Finding, Problem, Report, Severity
from cds.reasoning.facts import Facts
from cds.reasoning.language.text import fold
from cds.reasoning.recognition import Recognised

__all__ = ["Words"]

_PARTS = re.compile(r"[,;:()]|\b(?:avec|et|mais|sans|with|and|but|without)\b", re.IGNORECASE)


class Words:
    """The words of a diagnosis or a finding, or the sentence of a report; read when somebody asks."""

    __slots__ = ("_facts", "_terms", "recognised", "texts")

    def __init__(self, facts: Facts, recognised: Recognised) -> None:
        self._facts = facts
        self._terms: set[str] | None = None
        self.recognised = recognised
        self.texts = _texts(recognised)

    @property
    def terms(self) -> set[str]:
        """The terms of rules/terms that the words say, neither denied nor of a relative."""
        if self._terms is None:
            self._terms = self._said(self.texts)
        return self._terms

    def say(self, phrases: re.Pattern[str] | None) -> bool:
        return phrases is not None and phrases.search(fold("\n".join(self.texts))) is not None

    def severity(self, concepts: Collection[str]) -> Severity | None:
        """The severity of what `concepts` name, where the same words also name something else.

        « Insuffisance veineuse sévère avec œdème » grades the diagnosis, not the oedema: the part of the sentence that
        names the thing decides. A severity element belongs to the diagnosis where the words name it by itself. "absent"
        in words is a statement about something else: « varices sans ulcère » denies the ulcer, not the varices.
        """
        severity = self.recognised.severity
        datum = self.recognised.datum
        if severity is None or isinstance(datum, Finding):
            return severity
        own = self._own_severity(datum)
        if severity == "absent":
            return own
        others = self.terms & self._facts.knowledge.porter.concepts - set(concepts)
        if not others:
            return severity
        parts = [part for text in self.texts for part in _PARTS.split(text)]
        if own is not None:
            return None if self._name_the_diagnosis(parts, concepts) else own
        graded = (self._facts.language.severity(part) for part in parts if self._names(part, concepts))
        return next((each for each in graded if each not in (None, "absent")), None)

    def _own_severity(self, datum: object) -> Severity | None:
        """What the severity element of a diagnosis says, by code or in words."""
        if not isinstance(datum, Problem):
            return None
        return datum.severity or (self._facts.language.severity(datum.severity_text) if datum.severity_text else None)

    def name_the_diagnosis(self) -> bool:
        """Whether a part of the words names the venous diagnosis and no sign with it."""
        return self._name_the_diagnosis([part for text in self.texts for part in _PARTS.split(text)], ())

    def _name_the_diagnosis(self, parts: Iterable[str], concepts: Collection[str]) -> bool:
        chapter = self._facts.knowledge.porter
        diagnoses = chapter.global_severity.of
        if not set(diagnoses).isdisjoint(concepts):
            return False
        said = (self._said((part,)) for part in parts)
        return any(not each.isdisjoint(diagnoses) and each.isdisjoint(chapter.rows_of) for each in said)

    def _names(self, part: str, concepts: Collection[str]) -> bool:
        """Whether a part names the thing; a diagnosis only where no sign stands in the same part."""
        said = self._said((part,))
        chapter = self._facts.knowledge.porter
        if said.isdisjoint(concepts):
            return False
        return set(chapter.global_severity.of).isdisjoint(concepts) or said.isdisjoint(chapter.rows_of)

    def _said(self, texts: Iterable[str]) -> set[str]:
        return {each.term for text in texts for each in self._facts.language.concepts(text)}


def _texts(recognised: Recognised) -> tuple[str, ...]:
    datum = recognised.datum
    if isinstance(datum, Problem):
        return datum.texts
    if isinstance(datum, Finding):
        return (*datum.texts, *datum.value_texts)
    return (recognised.text,) if isinstance(datum, Report) else ()
