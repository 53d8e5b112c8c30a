"""How severe a text says a sign is: the vocabulary of CVI-1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cds.reasoning.language.negation import Listener, spans
from cds.reasoning.language.patterns import compile_phrases
from cds.reasoning.language.text import fold

if TYPE_CHECKING:
    from cds.reasoning.chart import Severity
    from cds.reasoning.knowledge.language import Phrases, SeverityWords

__all__ = ["Severities"]

_FEW_WORDS = 4


class Severities:
    """Compiled severity words of rules/words.yaml."""

    def __init__(self, words: SeverityWords, listener: Listener) -> None:
        self._listener = listener
        grades: tuple[tuple[Severity, Phrases], ...] = (
            ("mild", words.mild),
            ("moderate", words.moderate),
            ("marked", words.marked),
        )
        self._grades = tuple((grade, compile_phrases(phrases.all)) for grade, phrases in grades)
        self._any = compile_phrases(phrase for _, phrases in grades for phrase in phrases.all)
        absent = compile_phrases(words.absent.all).pattern
        self._absent = re.compile(rf"^\W*{absent}|{absent}\W*$")
        self._not_absent = compile_phrases(words.not_absent.all)

    def read(self, text: str) -> Severity | None:
        """The severity that `text` names; of several the lowest (D-8), None when nothing is said.

        "absent" when a text of a few words denies: "absent", "pas d'œdème".
        """
        folded = fold(text)
        if self._any.search(folded) is not None:
            for heard in self._listener.hear(text):
                for grade, pattern in self._grades:
                    if any(not heard.negated(*span) for span in spans(pattern, heard.words)):
                        return grade
        if len(re.findall(r"[a-z0-9]+", folded)) > _FEW_WORDS or self._not_absent.search(folded):
            return None
        return "absent" if self._absent.search(folded) else None
