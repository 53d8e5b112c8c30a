"""The one thing that the rest of reasoning asks about words: `Language`, built once from the chapters of rules/."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cds.reasoning.language.calcification import CalcificationReader, Calcified
from cds.reasoning.language.ceap import CeapReader
from cds.reasoning.language.negation import Listener
from cds.reasoning.language.severity import Severities
from cds.reasoning.language.sites import Sites
from cds.reasoning.language.terms import Said, Terms
from cds.reasoning.language.text import fold

if TYPE_CHECKING:
    from cds.reasoning.chart import Severity
    from cds.reasoning.knowledge.language import CalcificationChapter, SitesChapter, TermsChapter, WordsChapter

__all__ = ["Language"]

SHORT = 200
"""Characters. Names of diagnoses and tests come again in every request and are remembered; reports are not."""
_REMEMBERED = 4096


class Language:
    """Reads texts of a record: which concepts, which calcifications, how severe, which CEAP class, where."""

    def __init__(
        self,
        words: WordsChapter,
        sites: SitesChapter,
        terms: TermsChapter,
        calcification: CalcificationChapter,
    ) -> None:
        listener = Listener(words)
        self.sites = Sites(sites)
        self.terms = Terms(terms, listener, self.sites)
        self._calcification = CalcificationReader(calcification, self.sites)
        self._listener = listener
        self._severities = Severities(words.severity, listener)
        self._ceap = CeapReader(words.ceap, listener)
        self._concepts_of_short = lru_cache(_REMEMBERED)(self._concepts)
        self._calcified_in_short = lru_cache(_REMEMBERED)(self._calcified)
        self.severity = lru_cache(_REMEMBERED)(self._severity)

    def interesting(self, text: str) -> bool:
        """Whether `text` could say a term or a calcification; cheap, and wrong only on the generous side."""
        folded = fold(text)
        return self.terms.could_say(folded) or self._calcification.could_say(folded)

    def concepts(self, text: str) -> tuple[Said, ...]:
        """Every term that `text` says; what is denied or said of a relative is left out (ACC-3)."""
        return self._concepts_of_short(text) if len(text) <= SHORT else self._concepts(text)

    def calcified(self, text: str) -> tuple[Calcified, ...]:
        """Every sentence of `text` that says that a soft tissue is calcified (TRG-2)."""
        return self._calcified_in_short(text) if len(text) <= SHORT else self._calcified(text)

    def ceap(self, text: str, named: bool) -> tuple[str, ...]:
        """CEAP classes of `text`, lowest first; `named`: it is the value of something called CEAP (8.3)."""
        return self._ceap.read(text, named)

    def _concepts(self, text: str) -> tuple[Said, ...]:
        return self.terms.concepts(text) if self.terms.could_say(fold(text)) else ()

    def _calcified(self, text: str) -> tuple[Calcified, ...]:
        if not self._calcification.could_say(fold(text)):
            return ()
        heard = self._listener.hear(text, self._calcification.terms)
        return tuple(said for said in map(self._calcification.judge, heard) if said is not None)

    def _severity(self, text: str) -> Severity | None:
        """The severity that `text` names (CVI-1); of several the lowest (D-8); None when nothing is said."""
        return self._severities.read(text)
