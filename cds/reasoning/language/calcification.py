"""Does a sentence say that a soft tissue is calcified? (TRG-2; PIT-11, PIT-20, PIT-23; D-17)

Most calcifications are known to a record only from the words of a radiology report. A sentence counts when it holds a
calcification term and a place, and the calcification doesn't belong to something else: to a structure that stands
nearer (an artery, a tendon, bone), or to an organ. All words stand in rules/calcification-words.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.language.negation import Heard, Span, overlaps, spans
from cds.reasoning.language.patterns import Index, compile_phrases
from cds.reasoning.language.sites import Site, Sites

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import CalcificationChapter, Structure

__all__ = ["CalcificationReader", "Calcified", "Layer"]

Layer = Literal["subcutaneous", "dermis", "muscle", "fascia", "periarticular", "soft-tissue"]

_TOKEN = re.compile(r"[a-z0-9]+")
_CLAUSE = re.compile(r"[:;]")
_COMMA_WEIGHT = 2
_CLAUSE_WEIGHT = 12
"""A word behind a comma, or in the heading of a line, is farther away than the words between say."""
_BELONGING_REACH = 5


class Calcified(NamedTuple):
    """One sentence that says that a soft tissue is calcified."""

    sentence: str
    hypothetical: bool
    site: Site
    layers: frozenset[Layer]
    """Soft tissues that are named; "soft-tissue" where only a region or a lesion is."""
    ossification: bool
    """The same sentence also speaks of ossification (D-17)."""


class _Place(NamedTuple):
    span: Span
    kind: Literal["soft", "region", "lesion"]
    name: str
    """Layer or region id."""


class _Thing(NamedTuple):
    """A structure or an organ in the sentence."""

    span: Span
    what: Structure
    is_organ: bool
    regions: tuple[str, ...] = ()
    """An organ's own regions."""


class CalcificationReader:
    """Compiled rules/calcification-words.yaml."""

    def __init__(self, chapter: CalcificationChapter, sites: Sites) -> None:
        self._sites = sites
        self._terms = [(term, compile_phrases(term.fr + term.en)) for term in chapter.terms]
        self._index = Index([term.fr + term.en for term in chapter.terms])
        self._never_terms = compile_phrases(chapter.never_terms.all)
        self._ossification = compile_phrases(chapter.ossification.all)
        self._soft = [(word.layer, compile_phrases(word.fr + word.en)) for word in chapter.soft_words]
        self._never_soft = compile_phrases(chapter.never_soft.all)
        self._lesions = compile_phrases(chapter.lesions.all)
        self._never_lesions = compile_phrases(chapter.never_lesions.all)
        self._unremarkable = compile_phrases(chapter.unremarkable.all)
        self._unremarkable_before = compile_phrases(chapter.unremarkable_before.all)
        self._structures = [(_Thing((0, 0), each, False), *_compiled(each)) for each in chapter.structures]
        self._organs = [(_Thing((0, 0), each, True, each.regions), *_compiled(each)) for each in chapter.organs]
        self._pelvis = compile_phrases(chapter.pelvis.all)
        self._beside = re.compile(compile_phrases(chapter.beside.all).pattern + r"\W*(?:[a-z0-9]+\W+){0,2}$")
        self._joining = compile_phrases(chapter.joining.all)
        self._belonging = frozenset(chapter.belonging.all)

    def could_say(self, folded: str) -> bool:
        """Whether a folded text holds a calcification term; cheap, and wrong only on the generous side."""
        return self._index.hit(folded)

    def judge(self, heard: Heard) -> Calcified | None:
        """What the sentence says of a calcified soft tissue; None when it says nothing of the kind."""
        terms = self._terms_of(heard)
        if not terms:
            return None
        scene = _Scene(self, heard, [span for span, _, _ in terms])
        counting = [(span, place) for span, name, place in terms if scene.counts(span, name, place)]
        if not counting:
            return None
        return Calcified(
            sentence=heard.written,
            hypothetical=all(heard.hypothetical(*span) for span, _ in counting),
            site=scene.site(),
            layers=scene.layers(),
            ossification=any(not heard.negated(*span) for span in spans(self._ossification, heard.words)),
        )

    def _terms_of(self, heard: Heard) -> list[tuple[Span, str, bool]]:
        """Calcification terms that aren't denied: where, which, and whether the word itself is a place."""
        words = heard.words
        taken: list[Span] | None = None
        found: list[tuple[Span, str, bool]] = []
        for term, pattern in self._terms:
            for span in spans(pattern, words):
                if taken is None:
                    taken = spans(self._never_terms, words)
                if overlaps(span, taken) or heard.negated(*span):
                    continue
                if term.id == "phlebolith" and self._pelvis.search(words):
                    continue
                found.append((span, term.id, term.is_place))
        return found


class _Scene:
    """Everything in a sentence that a calcification could belong to."""

    def __init__(self, reader: CalcificationReader, heard: Heard, terms: Sequence[Span]) -> None:
        self._reader = reader
        self._heard = heard
        self._words = words = heard.words
        self._terms = terms
        self._structures = self._things(reader._structures)
        self._organs = self._things(reader._organs)
        self._regions = reader._sites.find(words)
        places = [*self._soft_places(), *self._region_places()]
        taken = [thing.span for thing in (*self._structures, *self._organs)]
        unremarkable = self._unremarkable_stretches()
        self._places = [
            place
            for place in places
            if not overlaps(place.span, taken)
            and not overlaps(place.span, unremarkable)
            and not self._owned(place)
            and not (place.kind == "soft" and heard.negated(*place.span))
        ]
        self._lesions = self._lesion_places(taken)
        self._clauses = [found.start() for found in _CLAUSE.finditer(words)]

    def counts(self, term: Span, name: str, is_place: bool) -> bool:
        """Whether the calcification term at `term` speaks of a soft tissue."""
        structures = [thing for thing in self._structures if name not in thing.what.spares]
        places = self._places
        if not structures and not self._organs:
            places = places + self._lesions
        distances = [self._distance(term, place.span) for place in places]
        if is_place:
            distances.append(0)
        if not distances:
            return False
        nearest = min((self._distance(term, thing.span) for thing in structures), default=None)
        if nearest is not None and nearest <= min(distances) and not self._joined(structures):
            return False
        return not self._organs or self._beyond_organs(term)

    def site(self) -> Site:
        """Regions of the sentence that aren't those of a structure or an organ."""
        kept = {place.span for place in self._places if place.kind == "region"}
        named = [
            each.region
            for each in self._regions
            if (each.start, each.end) in kept or not self._reader._sites.is_place(each.region)
        ]
        return self._reader._sites.site_of(named, self._words)

    def layers(self) -> frozenset[Layer]:
        """Soft tissues that the sentence names."""
        named: set[Layer] = {place.name for place in self._places if place.kind == "soft"}  # type: ignore[misc]
        return frozenset(named or {"soft-tissue"})

    def _things(self, known: Iterable[tuple[_Thing, re.Pattern[str], re.Pattern[str] | None]]) -> list[_Thing]:
        found: list[_Thing] = []
        for thing, pattern, never in known:
            for span in spans(pattern, self._words):
                if never is not None and overlaps(span, spans(never, self._words)):
                    continue
                if self._heard.negated(*span) or (
                    thing.what.beside and self._reader._beside.search(self._words[: span[0]])
                ):
                    continue
                found.append(thing._replace(span=span))
        return found

    def _soft_places(self) -> Iterable[_Place]:
        never = spans(self._reader._never_soft, self._words)
        taken: list[Span] = []
        for layer, pattern in self._reader._soft:
            for span in spans(pattern, self._words):
                if not overlaps(span, never) and not overlaps(span, taken):
                    taken.append(span)
                    yield _Place(span, "soft", layer)

    def _region_places(self) -> Iterable[_Place]:
        for named in self._regions:
            if self._reader._sites.is_place(named.region):
                yield _Place((named.start, named.end), "region", named.region)

    def _lesion_places(self, taken: list[Span]) -> list[_Place]:
        never = spans(self._reader._never_lesions, self._words)
        return [
            _Place(span, "lesion", "")
            for span in spans(self._reader._lesions, self._words)
            if not overlaps(span, never) and not overlaps(span, taken) and not self._heard.negated(*span)
        ]

    def _unremarkable_stretches(self) -> list[Span]:
        """Stretches of which the sentence says that they are normal ("the soft tissues of the leg are normal")."""
        words = self._words
        stretches: list[Span] = []
        for start, end in spans(self._reader._unremarkable, words):
            begin = max(words.rfind(sign, 0, start) for sign in ",;:") + 1
            if not overlaps((begin, start), list(self._terms)):
                stretches.append((begin, end))
        for start, end in spans(self._reader._unremarkable_before, words):
            stop = min((place for place in (words.find(sign, end) for sign in ",;:") if place >= 0), default=len(words))
            stop = min([stop, *(begin for begin, _ in self._terms if begin >= end)])
            stretches.append((start, stop))
        return stretches

    def _owned(self, place: _Place) -> bool:
        """Whether the place only says where a structure or an organ is, or which part of it."""
        start, end = place.span
        for thing in (*self._structures, *self._organs):
            begin, stop = thing.span
            left, right = (stop, start) if stop <= start else (end, begin)
            between = self._words[left:right]
            if not between.strip(" -'\n\t"):
                return True
            tokens = _TOKEN.findall(between)
            if any(sign in between for sign in ",;:") or overlaps((left, right), list(self._terms)) or not tokens:
                continue
            belongs = tokens[0] in self._reader._belonging
            if belongs and stop <= start and place.kind == "region" and len(tokens) <= _BELONGING_REACH:
                return True
            if belongs and stop > start and thing.is_organ and place.kind == "soft" and len(tokens) <= 2:
                return True
        return False

    def _joined(self, structures: Iterable[_Thing]) -> bool:
        """ "of the artery and of the soft tissues": a soft tissue that is named in one breath with the structure."""
        for thing in structures:
            for place in self._places:
                between = self._words[thing.span[1] : place.span[0]].strip()
                if place.kind == "soft" and between and self._reader._joining.fullmatch(between):
                    return True
        return False

    def _beyond_organs(self, term: Span) -> bool:
        """Whether the sentence names a soft tissue, or a region that isn't an organ's own."""
        clause = self._clause(term[0])
        here = any(self._clause(thing.span[0]) == clause for thing in self._organs)
        places = [place for place in self._places if not here or self._clause(place.span[0]) == clause]
        own = {region for thing in self._organs for region in thing.regions}
        return any(place.kind == "soft" or (place.kind == "region" and place.name not in own) for place in places)

    def _clause(self, place: int) -> int:
        return sum(1 for sign in self._clauses if sign < place)

    def _distance(self, one: Span, other: Span) -> int:
        if one[0] < other[1] and other[0] < one[1]:
            return 0
        left, right = (one[1], other[0]) if one[1] <= other[0] else (other[1], one[0])
        between = self._words[left:right]
        words = len(_TOKEN.findall(between))
        return words + _COMMA_WEIGHT * between.count(",") + _CLAUSE_WEIGHT * len(_CLAUSE.findall(between))


def _compiled(what: Structure) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    return compile_phrases(what.fr + what.en), compile_phrases(what.never) if what.never else None
