"""The schema of rules/venous.yaml: calcification and ulcer in chronic venous disease (CVI-2 to CVI-5, D-20)."""

from __future__ import annotations

import string
from typing import Literal, Self, get_args

from pydantic import model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.porter import Course, Days, Number
from cds.reasoning.knowledge.reading import Dashed, Ruled

__all__ = ["Note", "VenousChapter"]

Note = Literal[
    "lowest",
    "limbs",
    "not-stageable",
    "graded",
    "eczema",
    "provisional",
    "not-counted",
    "hypothetical",
    "on-dialysis",
    "varices-only",
    "site-unknown",
    "early",
    "unstaged",
    "open-since",
    "area-hardly-reduced",
    "area-grown",
    "area-shrinking",
    "said-not-healing",
    "said-failure",
    "recurrent",
    "ulcer-provisional",
    "no-imaging",
    "arterial-disease",
    "index-contraindicated",
    "index-weigh",
    "index-not-compressible",
    "toe-contraindicated",
    "index-missing",
]
"""A sentence of a card that depends on the patient."""


class Grounds(Dashed):
    """Tags of rules/sources.yaml and the grade."""

    tags: tuple[str, ...] = ()
    grade: str


class Attribution(Ruled):
    """CVI-2."""

    area: str
    """Area of rules/sites.yaml."""
    strong_from: Number
    source: Grounds


class Between(Dashed):
    from_: Days
    to: Days


class WoundArea(Dashed):
    """CVI-3: two measured areas of one ulcer."""

    concept: str
    apart: Between
    about: Days
    newer_within: Days
    reduced_less_than: float


class Ulcer(Ruled):
    """CVI-3: when an ulcer is not healing."""

    signs: tuple[str, ...]
    not_healing_from: Days
    not_healing_concepts: tuple[str, ...]
    area: WoundArea
    recurrent: tuple[Course, ...]
    source: Grounds


class Imaging(Ruled):
    radiograph: str
    radiograph_within: Days
    duplex: str
    duplex_within: Days


class Pressure(Ruled):
    """Before any compression (HAS 2010)."""

    index: str
    toe: str
    within: Days
    arterial_disease: str
    contraindicated_below: float
    weigh_up_to: float
    not_compressible_above: float
    toe_contraindicated_below: float
    """mmHg."""
    source: Grounds


class Withheld(Dashed):
    """Cards that stay, by level of RED-1 (D-20)."""

    critical: tuple[str, ...]
    warning: tuple[str, ...]


class Requests(Dashed):
    """Keys of rules/workup.yaml."""

    radiograph: str
    duplex: str
    index: str
    toe: str
    referral: str
    vascular: str
    panel: str


class Labels(Dashed):
    index: Text
    toe: Text
    area: Text


class VenousChapter(Dashed):
    """rules/venous.yaml."""

    attribution: Attribution
    ulcer: Ulcer
    imaging: Imaging
    pressure: Pressure
    withheld_by_red_flag: Withheld
    requests: Requests
    notes: dict[Note, Text]
    labels: Labels

    def note(self, name: Note, **values: str | Text) -> Text:
        """The sentence `name`, its placeholders filled in both languages."""
        text = self.notes[name]
        en = {key: value if isinstance(value, str) else value.en for key, value in values.items()}
        fr = {key: value if isinstance(value, str) else value.fr for key, value in values.items()}
        return Text(text.en.format_map(en), text.fr.format_map(fr))

    @model_validator(mode="after")
    def _notes_are_complete(self) -> Self:
        if missing := sorted(set(get_args(Note)) - set(self.notes)):
            raise ValueError(f"notes: {missing[0]!r} is missing")
        for name, text in self.notes.items():
            if _placeholders(text.en) != _placeholders(text.fr):
                raise ValueError(f"notes: {name!r} has other placeholders in French than in English")
        return self


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
