"""How severe a text says a sign is: the vocabulary of CVI-1."""

from __future__ import annotations

from cds.reasoning.chart import Severity
from cds.reasoning.knowledge.language import SeverityWords
from cds.reasoning.language.negation import Listener, spans
from cds.reasoning.language.patterns import compile_phrases
from cds.reasoning.language.text import fold

__all__ = ["Severities"]


class Severities:
    """Compiled severity words of rules/words.yaml."""

    def __init__(self, words: SeverityWords, listener: Listener) -> None:
        self._listener = listener
        self._absent = compile_phrases(words.absent.all)
        self._patterns = tuple(
            (grade, compile_phrases(phrases.all))
            for grade, phrases in (("mild", words.mild), ("moderate", words.moderate), ("marked", words.marked))
        )

    def read(self, text: str) -> Severity | None:
        """The severity that `text` names; of several the lowest (D-8), None when nothing is said.

        "absent" when the text denies: "pas d'œdème", "absent".
        """
        folded = fold(text)
        if not any(pattern.search(folded) for _, pattern in self._patterns):
            return "absent" if self._absent.search(folded) else None
        for heard in self._listener.hear(text):
            for grade, pattern in self._patterns:
                if any(not heard.negated(*span) for span in spans(pattern, heard.words)):
                    return grade  # type: ignore[return-value]
        return "absent" if self._absent.search(folded) else None
