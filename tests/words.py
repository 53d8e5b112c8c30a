"""The language of rules/, built once for every test that reads words."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cds.data import folder
from cds.reasoning.knowledge.language import CalcificationChapter, SitesChapter, TermsChapter, WordsChapter
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.language.reading import Language

__all__ = ["Chapters", "chapters", "language"]


class Chapters(NamedTuple):
    """The four chapters about words."""

    words: WordsChapter
    sites: SitesChapter
    terms: TermsChapter
    calcification: CalcificationChapter


@cache
def chapters() -> Chapters:
    rules = [folder("rules")]
    return Chapters(
        read_chapter(WordsChapter, "words", rules),
        read_chapter(SitesChapter, "sites", rules),
        read_chapter(TermsChapter, "terms", rules),
        read_chapter(CalcificationChapter, "calcification-words", rules),
    )


@cache
def language() -> Language:
    return Language(*chapters())
