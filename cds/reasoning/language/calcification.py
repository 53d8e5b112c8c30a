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
    from cds.reasoning.knowledge.language import CalcificationChapter, Layer, Structure

__all__ = ["CalcificationReader", "Calcified", "Layer"]


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


_Role = Literal[
    "never-term",
    "ossification",
    "pelvis",
    "soft",
    "never-soft",
    "lesion",
    "never-lesion",
    "unremarkable",
    "unremarkable-before",
    "beside",
    "coordinating",
    "thing",
    "never-thing",
]


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
        things: list[Structure] = [*chapter.structures, *chapter.organs]
        self.words: Lexicon[tuple[_Role, str]] = Lexicon(
            [
                (("never-term", ""), chapter.never_terms.all),
                (("ossification", ""), chapter.ossification.all),
                (("pelvis", ""), chapter.pelvis.all),
                *((("soft", word.layer), word.fr + word.en) for word in chapter.soft_words),
                (("never-soft", ""), chapter.never_soft.all),
                (("lesion", ""), chapter.lesions.all),
                (("never-lesion", ""), chapter.never_lesions.all),
                (("unremarkable", ""), chapter.unremarkable.all),
                (("unremarkable-before", ""), chapter.unremarkable_before.all),
                (("beside", ""), chapter.beside.all),
                (("coordinating", ""), chapter.coordinating.all),
                *((("thing", thing.id), thing.fr + thing.en) for thing in things),
                *((("never-thing", thing.id), thing.never) for thing in things),
            ]
        )
        self.joining = re.compile(rf"(?:[a-z]+\s+){{0,2}}{compile_phrases(chapter.joining.all).pattern}")
        self.belonging = frozenset(chapter.belonging.all)
        self.what: Mapping[str, Structure] = {thing.id: thing for thing in things}
        self.own_regions = {organ.id: frozenset(organ.regions) for organ in chapter.organs}

    def could_say(self, folded: str) -> bool:
        """Whether a folded text holds a calcification term; cheap, and wrong only on the generous side."""
        return self.terms.may_stand_in(folded, stems_in(folded))

    def judge(self, heard: Heard) -> Calcified | None:
        """What the sentence says of a calcified soft tissue; None when it says nothing of the kind."""
        found = self.terms.find(heard.words, heard.stems)
        terms = [term for term in found if not heard.negated(term.start, term.end)]
        if not terms:
            return None
        said = _Words(self.words.find(heard.words, heard.stems))
        terms = [term for term in terms if not overlaps(term.start, term.end, said.spans("never-term"))]
        if said.hits("pelvis"):
            terms = [term for term in terms if term.meaning != "phlebolith"]
        scene = _Scene(self, heard, said, terms)
        counting = [term for term in terms if scene.counts(term)]
        if not counting:
            return None
        return Calcified(
            sentence=heard.written,
            hypothetical=all(heard.hypothetical(term.start, term.end) for term in counting),
            site=scene.site(),
            layers=scene.layers(),
            ossification=any(not heard.negated(start, end) for start, end in said.spans("ossification")),
        )


class _Words:
    """What else the sentence holds, by role."""

    def __init__(self, hits: Iterable[Hit[tuple[_Role, str]]]) -> None:
        self._hits: dict[_Role, list[Hit[str]]] = {}
        for start, end, (role, name) in hits:
            self._hits.setdefault(role, []).append(Hit(start, end, name))

    def hits(self, role: _Role) -> Sequence[Hit[str]]:
        return self._hits.get(role, ())

    def spans(self, role: _Role, name: str = "") -> list[Span]:
        return [hit[:2] for hit in self.hits(role) if hit.meaning == name]


class _Scene:
    """Everything in a sentence that a calcification could belong to."""

    def __init__(self, reader: CalcificationReader, heard: Heard, said: _Words, terms: Sequence[Hit[str]]) -> None:
        self._reader = reader
        self._said = said
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
        beside = [hit.end for hit in self._said.hits("beside")]
        found: list[_Thing] = []
        for start, end, name in self._said.hits("thing"):
            what = self._reader.what[name]
            outside = what.beside and any(stop <= start and self._between(stop, start) <= 2 for stop in beside)
            never = self._said.spans("never-thing", name)
            if not outside and not overlaps(start, end, never) and not self._heard.negated(start, end):
                found.append(_Thing(start, end, what, self._reader.own_regions.get(name)))
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
        taken = self._said.spans("never-soft")
        for hit in sorted(self._said.hits("soft"), key=lambda hit: (hit.start - hit.end, hit.start)):
            if not overlaps(hit.start, hit.end, taken):
                taken.append(hit[:2])
                yield _Place(hit.start, hit.end, "soft", hit.meaning)

    def _region_places(self) -> Iterator[_Place]:
        for start, end, region in self._regions:
            if self._reader.sites.is_place(region):
                yield _Place(start, end, "region", region)

    def _lesion_places(self) -> list[_Place]:
        never = self._said.spans("never-lesion")
        return [
            _Place(start, end, "lesion", "")
            for start, end in self._said.spans("lesion")
            if not overlaps(start, end, never) and not self._heard.negated(start, end)
        ]

    def _unremarkable(self) -> list[Span]:
        """Stretches of which the sentence says that they are normal ("the soft tissues of the leg are normal")."""
        stops = sorted([*self._commas, *self._clauses])
        stretches: list[Span] = []
        for start, end in self._said.spans("unremarkable"):
            begin = max((place + 1 for place in stops if place < start), default=0)
            if overlaps(begin, start, self._terms):
                begin = max((stop for _, stop in self._said.spans("coordinating") if stop <= start), default=0)
            if not overlaps(begin, start, self._terms):
                stretches.append((begin, end))
        for start, end in self._said.spans("unremarkable-before"):
            ahead = [*(place for place in stops if place >= end), *(begin for begin, _ in self._terms if begin >= end)]
            stretches.append((start, min(ahead, default=len(self._words))))
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
