"""The schema of rules/dystrophic.yaml: dystrophic causes and their weight (section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.reading import Dashed, Ruled
from cds.reasoning.knowledge.recognition import Layer

__all__ = ["DystrophicCause", "DystrophicChapter"]


class DystrophicCause(Dashed):
    """One cause of DYS-1."""

    concept: str
    term: Text
    quote: str = ""
    tags: tuple[str, ...]
    site: str
    """An area of rules/sites.yaml, "same" (as the event), or "any"."""
    common: bool = False
    local: bool = False
    scar: bool = False
    remission_counts: bool = False
    umbrella: bool = False
    umbrella_unless_same_site: bool = False
    weak_with: tuple[str, ...] = ()
    """Weak where the same resource also says one of these (vascular Ehlers-Danlos)."""
    part_of: str = ""
    """The broader cause that it belongs to; only the narrower one is named in the detail."""
    group: str = ""
    """Which item of the differential list (DDX-1) it supports."""


class Venous(Ruled):
    concept: str
    quote: str
    tags: tuple[str, ...]


class Infusion(Ruled):
    months: int
    classes: tuple[str, ...]
    extravasation: str
    """A coded, dated extravasation counts as the infusion itself."""
    heparins: tuple[str, ...]
    heparin_area: str
    heparin_term: Text
    concept: str
    card: str
    tags: tuple[str, ...]


class Hints(Ruled):
    card: str
    diseases: tuple[str, ...]
    years: int
    ana_titre_from: int
    ck_multiple: float
    hand: str
    forms: tuple[str, ...]
    tags: tuple[str, ...]


class Microcrystal(Ruled):
    causes: tuple[str, ...]
    age_below: float
    layer: Layer
    requests: str
    tophus: tuple[str, ...]
    tophus_request: str


class DystrophicChapter(Dashed):
    """rules/dystrophic.yaml."""

    causes: tuple[DystrophicCause, ...]
    venous: Venous
    patterns: Mapping[str, str]
    infusion: Infusion
    hints: Hints
    microcrystal: Microcrystal

    @cached_property
    def by_concept(self) -> Mapping[str, DystrophicCause]:
        return {cause.concept: cause for cause in self.causes}

    @cached_property
    def broader(self) -> Mapping[str, str]:
        """Of the causes that are part of a broader one, which."""
        return {cause.concept: cause.part_of for cause in self.causes if cause.part_of}
