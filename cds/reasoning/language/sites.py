"""Where in the body: regions and sides, read from words, and compared (DYS-1, TRG-2).

Every comparison is three-valued: what isn't known is never read as "somewhere else".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cds.reasoning.language.negation import Span, overlaps
from cds.reasoning.language.patterns import Hit, Lexicon, compile_phrases, stems_in
from cds.reasoning.language.text import fold

if TYPE_CHECKING:
    from cds.reasoning.knowledge.language import Area, Region, SitesChapter

__all__ = ["NOWHERE", "Site", "Sites"]

SIDES = frozenset({"left", "right"})


class Site(NamedTuple):
    """Regions by id of rules/sites.yaml and the sides that are named; both empty when nothing is known."""

    regions: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()


NOWHERE = Site()


class Sites:
    """Compiled rules/sites.yaml."""

    def __init__(self, chapter: SitesChapter) -> None:
        self.regions: Mapping[str, Region] = {region.id: region for region in chapter.regions}
        self.areas: Mapping[str, Area] = {area.id: area for area in chapter.areas}
        self._above = {region: frozenset(self._ancestors(region)) for region in self.regions}
        self._words = Lexicon([(region.id, region.fr + region.en) for region in chapter.regions])
        self._alone = [(region.id, compile_phrases(region.alone)) for region in chapter.regions if region.alone]
        self._never = Lexicon([(None, chapter.never.all)])
        sides = chapter.sides
        self._sides: Lexicon[frozenset[str]] = Lexicon(
            [(frozenset({"left"}), sides.left.all), (frozenset({"right"}), sides.right.all), (SIDES, sides.both.all)]
        )
        self._never_sides = Lexicon([(None, sides.never.all)])
        self.read_one = lru_cache(maxsize=2048)(self._read_one)

    def read(self, *texts: str) -> Site:
        """The regions and sides that `texts` (of one datum) name; "main gauche" is the left hand, "main" alone a hand."""
        if len(texts) == 1:
            return self.read_one(texts[0])
        sites = [self.read_one(text) for text in texts]
        return Site(
            frozenset().union(*(site.regions for site in sites)), frozenset().union(*(site.sides for site in sites))
        )

    def _read_one(self, text: str) -> Site:
        words = fold(text)
        site = self.site_in(words, stems_in(words))
        if site.regions:
            return site
        alone = (region for region, pattern in self._alone if pattern.fullmatch(words.strip()))
        return Site(frozenset(alone), site.sides)

    def site_in(self, words: str, stems: set[str]) -> Site:
        """The site that a folded sentence names."""
        return self.site_of((named.meaning for named in self.find(words, stems)), words, stems)

    def find(self, words: str, stems: set[str]) -> list[Hit[str]]:
        """Every region word of a folded text, in order; of overlapping ones the longest."""
        found = self._words.find(words, stems)
        if not found:
            return found
        taken: list[Span] = [hit[:2] for hit in self._never.find(words, stems)]
        kept: list[Hit[str]] = []
        for hit in sorted(found, key=lambda hit: (hit.start - hit.end, hit.start)):
            if not overlaps(hit.start, hit.end, taken):
                kept.append(hit)
                taken.append(hit[:2])
        return sorted(kept)

    def sides(self, words: str, stems: set[str]) -> frozenset[str]:
        """The sides that a folded text names."""
        found = self._sides.find(words, stems)
        if not found:
            return frozenset()
        never = [hit[:2] for hit in self._never_sides.find(words, stems)]
        return frozenset().union(*(hit.meaning for hit in found if not overlaps(hit.start, hit.end, never)))

    def inside(self, region: str, other: str) -> bool:
        """Whether `region` is `other` or a part of it."""
        return region == other or other in self._above[region]

    def within(self, site: Site, area: str) -> bool | None:
        """Whether a region of `site` lies in `area` (id of an area or of a region).

        None when the site isn't known, or only names something larger that holds the area ("lower limb", asked for
        the calf), and for a name that is neither an area nor a region.
        """
        named = self.areas.get(area)
        if not site.regions or (named is None and area not in self.regions):
            return None
        wanted = self._members(named) if named else frozenset({area})
        exact = frozenset(named.also) if named else frozenset()
        if any(region in exact or self._under(region, wanted) for region in site.regions):
            return True
        larger = frozenset().union(*(self._above[region] for region in wanted))
        return None if larger & site.regions else False

    def same_side(self, one: Site, other: Site) -> bool:
        """False only when both sides are recorded and none is shared."""
        return not one.sides or not other.sides or bool(one.sides & other.sides)

    def overlap(self, one: Site, other: Site) -> bool | None:
        """Whether two sites can be the same place: equal regions, or one inside the other, on the same side.

        None when either region isn't known and the sides don't already part them.
        """
        if not self.same_side(one, other):
            return False
        if not one.regions or not other.regions:
            return None
        return any(
            self.inside(mine, theirs) or self.inside(theirs, mine) for mine in one.regions for theirs in other.regions
        )

    def is_place(self, region: str) -> bool:
        """Whether `region` is a body region in the sense of TRG-2."""
        return self.regions[region].place

    def site_of(self, regions: Iterable[str], words: str, stems: set[str]) -> Site:
        """The site of regions found in the folded sentence `words`."""
        return Site(self._narrowest(set(regions)), self.sides(words, stems))

    def _members(self, area: Area) -> frozenset[str]:
        joints = {region.id for region in self.regions.values() if region.joint} if area.joints else set()
        return frozenset(area.regions) | joints

    def _under(self, region: str, wanted: frozenset[str]) -> bool:
        return region in wanted or not wanted.isdisjoint(self._above[region])

    def _narrowest(self, regions: set[str]) -> frozenset[str]:
        """Without regions that only hold another one of the same text ("membre inférieur, jambe" is the leg)."""
        if len(regions) < 2:
            return frozenset(regions)
        held = frozenset().union(*(self._above[region] for region in regions))
        return frozenset(regions - held)

    def _ancestors(self, region: str) -> set[str]:
        found: set[str] = set()
        for parent in self.regions[region].parents:
            found |= {parent} | self._ancestors(parent)
        return found
