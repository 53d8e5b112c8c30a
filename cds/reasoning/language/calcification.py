"""Does a sentence say that a soft tissue is calcified? (TRG-2; PIT-11, PIT-20, PIT-23; D-17)

Most calcifications are known to a record only from the words of a radiology report. A sentence counts when it holds a
calcification term and a place, and the calcification doesn't belong to something else: to a structure that stands
nearer (an artery, a tendon, bone), or to an organ. All words stand in rules/calcification-words.yaml.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from cds.reasoning.language.negation import Heard, Span, overlaps
from cds.reasoning.language.patterns import Hit, Lexicon, compile_phrases, stems_in
from cds.reasoning.language.sites import Site, Sites

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import CalcificationChapter, Phrases, Structure

__all__ = ["CalcificationReader", "Calcified", "Layer"]

Layer = Literal["subcutaneous", "dermis", "muscle", "fascia", "periarticular", "soft-tissue"]

_TOKEN = re.compile(r"[a-z0-9]+")
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
    start: int
    end: int
    kind: Literal["soft", "region", "lesion"]
    name: str
    """Layer or region id."""


class _Thing(NamedTuple):
    """A structure or an organ in the sentence."""

    start: int
    end: int
    what: Structure
    own_regions: frozenset[str] | None
    """An organ's own regions; None for a structure."""


class CalcificationReader:
    """Compiled rules/calcification-words.yaml."""

    def __init__(self, chapter: CalcificationChapter, sites: Sites) -> None:
        self.sites = sites
        self.places = frozenset(term.id for term in chapter.terms if term.is_place)
        self.terms = Lexicon([(term.id, term.fr + term.en) for term in chapter.terms])
        self._never_terms = _lexicon(chapter.never_terms)
        self._ossification = _lexicon(chapter.ossification)
        self._pelvis = _lexicon(chapter.pelvis)
        self.soft = Lexicon([(word.layer, word.fr + word.en) for word in chapter.soft_words])
        self.never_soft = _lexicon(chapter.never_soft)
        self.lesions = _lexicon(chapter.lesions)
        self.never_lesions = _lexicon(chapter.never_lesions)
        self.unremarkable = _lexicon(chapter.unremarkable)
        self.unremarkable_before = _lexicon(chapter.unremarkable_before)
        self.beside = _lexicon(chapter.beside)
        self.joining = re.compile(rf"(?:[a-z]+\s+){{0,2}}{compile_phrases(chapter.joining.all).pattern}")
        self.belonging = frozenset(chapter.belonging.all)
        things: list[Structure] = [*chapter.structures, *chapter.organs]
        self.things = Lexicon([(thing.id, thing.fr + thing.en) for thing in things])
        self.never_things = Lexicon([(thing.id, thing.never) for thing in things])
        self.what: Mapping[str, Structure] = {thing.id: thing for thing in things}
        self.own_regions = {organ.id: frozenset(organ.regions) for organ in chapter.organs}

    def could_say(self, folded: str) -> bool:
        """Whether a folded text holds a calcification term; cheap, and wrong only on the generous side."""
        return self.terms.may_stand_in(folded, stems_in(folded))

    def judge(self, heard: Heard) -> Calcified | None:
        """What the sentence says of a calcified soft tissue; None when it says nothing of the kind."""
        terms = self._terms_of(heard)
        if not terms:
            return None
        scene = _Scene(self, heard, terms)
        counting = [term for term in terms if scene.counts(term)]
        if not counting:
            return None
        ossified = self._ossification.find(heard.words, heard.stems)
        return Calcified(
            sentence=heard.written,
            hypothetical=all(heard.hypothetical(term.start, term.end) for term in counting),
            site=scene.site(),
            layers=scene.layers(),
            ossification=any(not heard.negated(hit.start, hit.end) for hit in ossified),
        )

    def _terms_of(self, heard: Heard) -> list[Hit[str]]:
        """Calcification terms that the sentence doesn't deny."""
        words, stems = heard.words, heard.stems
        found = self.terms.find(words, stems)
        if not found:
            return found
        never = [hit[:2] for hit in self._never_terms.find(words, stems)]
        pelvic = bool(self._pelvis.find(words, stems))
        return [
            term
            for term in found
            if not overlaps(term.start, term.end, never)
            and not (pelvic and term.meaning == "phlebolith")
            and not heard.negated(term.start, term.end)
        ]


class _Scene:
    """Everything in a sentence that a calcification could belong to."""

    def __init__(self, reader: CalcificationReader, heard: Heard, terms: Sequence[Hit[str]]) -> None:
        self._reader = reader
        self._heard = heard
        self._words = words = heard.words
        self._terms: list[Span] = [term[:2] for term in terms]
        self._tokens = [found.start() for found in _TOKEN.finditer(words)]
        self._commas = [found.start() for found in re.finditer(",", words)]
        self._clauses = [found.start() for found in re.finditer("[:;]", words)]
        self._regions = reader.sites.find(words, heard.stems)
        things = self._things()
        self._structures = [thing for thing in things if thing.own_regions is None]
        self._organs = [thing for thing in things if thing.own_regions is not None]
        self._places = self._free_places(things)
        self._lesions = [] if things else self._lesion_places()

    def counts(self, term: Hit[str]) -> bool:
        """Whether the calcification term speaks of a soft tissue."""
        distances = [self._distance(term, place) for place in (*self._places, *self._lesions)]
        if term.meaning in self._reader.places:
            distances.append(0)
        if not distances:
            return False
        structures = [thing for thing in self._structures if term.meaning not in thing.what.spares]
        nearest = min((self._distance(term, thing) for thing in structures), default=None)
        if nearest is not None and nearest <= min(distances) and not self._joined(structures):
            return False
        return not self._organs or self._beyond_organs(term)

    def site(self) -> Site:
        """Regions of the sentence that aren't those of a structure or an organ."""
        kept = {place[:2] for place in self._places if place.kind == "region"}
        is_place = self._reader.sites.is_place
        named = [hit.meaning for hit in self._regions if hit[:2] in kept or not is_place(hit.meaning)]
        return self._reader.sites.site_of(named, self._words, self._heard.stems)

    def layers(self) -> frozenset[Layer]:
        """Soft tissues that the sentence names."""
        named: set[Layer] = {place.name for place in self._places if place.kind == "soft"}  # type: ignore[misc]
        return frozenset(named or {"soft-tissue"})

    def _things(self) -> list[_Thing]:
        """Structures and organs that the sentence doesn't deny."""
        reader, heard, words, stems = self._reader, self._heard, self._words, self._heard.stems
        hits = reader.things.find(words, stems)
        if not hits:
            return []
        taken: dict[str, list[Span]] = {}
        for never in reader.never_things.find(words, stems):
            taken.setdefault(never.meaning, []).append(never[:2])
        beside = [hit.end for hit in reader.beside.find(words, stems)]
        found: list[_Thing] = []
        for start, end, name in hits:
            what = reader.what[name]
            outside = what.beside and any(stop <= start and self._between(stop, start) <= 2 for stop in beside)
            if not outside and not overlaps(start, end, taken.get(name, ())) and not heard.negated(start, end):
                found.append(_Thing(start, end, what, reader.own_regions.get(name)))
        return found

    def _free_places(self, things: Sequence[_Thing]) -> list[_Place]:
        """Soft tissues and regions that are named for themselves: not normal, not a structure's or an organ's."""
        heard = self._heard
        taken = [thing[:2] for thing in things] + self._unremarkable()
        return [
            place
            for place in (*self._soft_places(), *self._region_places())
            if not overlaps(place.start, place.end, taken)
            and not (place.kind == "soft" and heard.negated(place.start, place.end))
            and not any(self._owns(thing, place) for thing in things)
        ]

    def _soft_places(self) -> Iterator[_Place]:
        words, stems = self._words, self._heard.stems
        taken: list[Span] = [hit[:2] for hit in self._reader.never_soft.find(words, stems)]
        for hit in sorted(self._reader.soft.find(words, stems), key=lambda hit: (hit.start - hit.end, hit.start)):
            if not overlaps(hit.start, hit.end, taken):
                taken.append(hit[:2])
                yield _Place(hit.start, hit.end, "soft", hit.meaning)

    def _region_places(self) -> Iterator[_Place]:
        for start, end, region in self._regions:
            if self._reader.sites.is_place(region):
                yield _Place(start, end, "region", region)

    def _lesion_places(self) -> list[_Place]:
        words, stems, heard = self._words, self._heard.stems, self._heard
        never = [hit[:2] for hit in self._reader.never_lesions.find(words, stems)]
        return [
            _Place(hit.start, hit.end, "lesion", "")
            for hit in self._reader.lesions.find(words, stems)
            if not overlaps(hit.start, hit.end, never) and not heard.negated(hit.start, hit.end)
        ]

    def _unremarkable(self) -> list[Span]:
        """Stretches of which the sentence says that they are normal ("the soft tissues of the leg are normal")."""
        words, stems = self._words, self._heard.stems
        stops = sorted([*self._commas, *self._clauses])
        stretches: list[Span] = []
        for start, end, _ in self._reader.unremarkable.find(words, stems):
            begin = max((place + 1 for place in stops if place < start), default=0)
            if not overlaps(begin, start, self._terms):
                stretches.append((begin, end))
        for start, end, _ in self._reader.unremarkable_before.find(words, stems):
            ahead = [*(place for place in stops if place >= end), *(begin for begin, _ in self._terms if begin >= end)]
            stretches.append((start, min(ahead, default=len(words))))
        return stretches

    def _owns(self, thing: _Thing, place: _Place) -> bool:
        """Whether the place only says where the structure or organ is ("arteries of the leg"), or which part of it."""
        behind = thing.end <= place.start
        left, right = (thing.end, place.start) if behind else (place.end, thing.start)
        between = self._words[left:right]
        if not between.strip(" -'\n\t"):
            return True
        tokens = _TOKEN.findall(between)
        if not tokens or tokens[0] not in self._reader.belonging:
            return False
        if any(sign in between for sign in ",;:") or overlaps(left, right, self._terms):
            return False
        if behind:
            return place.kind == "region" and len(tokens) <= _BELONGING_REACH
        return thing.own_regions is not None and place.kind == "soft" and len(tokens) <= 2

    def _joined(self, structures: Iterable[_Thing]) -> bool:
        """ "of the artery and of the soft tissues": a soft tissue that is named in one breath with the structure."""
        soft = [place for place in self._places if place.kind == "soft"]
        return any(
            self._reader.joining.fullmatch(self._words[thing.end : place.start].strip()) is not None
            for thing in structures
            for place in soft
            if thing.end < place.start
        )

    def _beyond_organs(self, term: Hit[str]) -> bool:
        """Whether the sentence names a soft tissue, or a region that isn't an organ's own."""
        clause = self._clause(term.start)
        here = any(self._clause(organ.start) == clause for organ in self._organs)
        own = frozenset().union(*(organ.own_regions or () for organ in self._organs))
        return any(
            place.kind == "soft" or place.name not in own
            for place in self._places
            if not here or self._clause(place.start) == clause
        )

    def _clause(self, place: int) -> int:
        return bisect_left(self._clauses, place)

    def _between(self, left: int, right: int) -> int:
        """How many words begin in [left, right)."""
        return bisect_left(self._tokens, right) - bisect_left(self._tokens, left)

    def _distance(self, term: Hit[str], other: _Place | _Thing) -> int:
        """Words between the two; more across a comma, and far more across a colon."""
        if term.start < other.end and other.start < term.end:
            return 0
        left, right = (term.end, other.start) if term.end <= other.start else (other.end, term.start)
        commas = bisect_left(self._commas, right) - bisect_left(self._commas, left)
        clauses = self._clause(right) - self._clause(left)
        return self._between(left, right) + _COMMA_WEIGHT * commas + _CLAUSE_WEIGHT * clauses


def _lexicon(phrases: Phrases) -> Lexicon[None]:
    return Lexicon([(None, phrases.all)])
