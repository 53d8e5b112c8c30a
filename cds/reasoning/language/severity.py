"""How severe a text says a sign is: the vocabulary of CVI-1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cds.reasoning.language.negation import Listener
from cds.reasoning.language.patterns import Lexicon, compile_phrases, stems_in
from cds.reasoning.language.text import fold

if TYPE_CHECKING:
    from cds.reasoning.chart import Severity
    from cds.reasoning.knowledge.language import Phrases, SeverityWords

__all__ = ["Severities"]

_FEW_WORDS = 4
_ORDER: tuple[Severity, ...] = ("absent", "mild", "moderate", "marked")


class Severities:
    """Compiled severity words of rules/words.yaml."""

    def __init__(self, words: SeverityWords, listener: Listener) -> None:
        self._listener = listener
        grades: tuple[tuple[Severity, Phrases], ...] = (
            ("mild", words.mild),
            ("moderate", words.moderate),
            ("marked", words.marked),
        )
        self._grades = Lexicon([(grade, phrases.all) for grade, phrases in grades])
        absent = compile_phrases(words.absent.all).pattern
        self._absent = re.compile(rf"^\W*{absent}|{absent}\W*$")
        self._not_absent = compile_phrases(words.not_absent.all)

    def read(self, text: str) -> Severity | None:
        """The severity that `text` names; of several the lowest (D-8), None when nothing is said.

        "absent" when a text of a few words denies: "absent", "pas d'œdème".
        """
        folded = fold(text)
        if self._grades.may_stand_in(folded, stems_in(folded)):
            for heard in self._listener.hear(text, self._grades):
                hits = self._grades.find(heard.words, heard.stems)
                named = {hit.meaning for hit in hits if not heard.negated(hit.start, hit.end)}
                if named:
                    return min(named, key=_ORDER.index)
        if len(re.findall(r"[a-z0-9]+", folded)) > _FEW_WORDS or self._not_absent.search(folded):
            return None
        return "absent" if self._absent.search(folded) else None
