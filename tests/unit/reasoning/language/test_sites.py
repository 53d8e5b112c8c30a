from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cds.reasoning.knowledge.language import SitesChapter
from cds.reasoning.language.sites import NOWHERE, Site, Sites
from tests.words import chapters

SITES = Sites(chapters().sites)


def site(*regions: str, sides: str = "") -> Site:
    return Site(frozenset(regions), frozenset(sides.split()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jambe gauche", site("leg", sides="left")),
        ("Legs", site("leg")),
        ("right lower leg", site("leg", sides="right")),
        ("les deux genoux", site("knee", sides="left right")),
        ("bilateral hips", site("hip", sides="left right")),
        ("avant-bras", site("forearm")),
        ("membre inférieur, cheville droite", site("ankle", sides="right")),
        ("pulpes des doigts", site("finger")),
        ("main", site("hand")),
        ("Main gauche", site("hand", sides="left")),
        ("mains", site("hand")),
        ("The main finding", NOWHERE),
        ("back", site("back")),
        ("femoral neck fracture", NOWHERE),
        ("neck mass", site("neck")),
        ("face interne de la cuisse", site("thigh")),
        ("visage", site("face")),
        ("muscle droit fémoral de la cuisse", site("thigh")),
        ("tête fémorale", NOWHERE),
        ("biceps femoris, thigh", site("thigh")),
        ("triceps sural", NOWHERE),
        ("hanche, trochanter", site("hip")),
        ("", NOWHERE),
        ("hypertension", NOWHERE),
    ],
)
def test_reads(text: str, expected: Site) -> None:
    assert SITES.read(text) == expected


def test_reads_several_texts_of_one_datum() -> None:
    assert SITES.read("jambe", "côté gauche") == site("leg", sides="left")
    assert SITES.read() == NOWHERE


@pytest.mark.parametrize(
    ("where", "area", "expected"),
    [
        ("cheville", "leg-area", True),
        ("mollet", "leg-area", True),
        ("foot", "leg-area", True),
        ("shin", "leg", True),
        ("thumb", "hand", True),
        ("cuisse", "leg-area", False),
        ("jambe", "calf", None),
        ("membre inférieur", "calf", None),
        ("membre inférieur", "chronic-venous-insufficiency", True),
        ("cuisse", "chronic-venous-insufficiency", False),
        ("épaule", "joint-region", True),
        ("pouce", "joint-region", True),
        ("cuisse", "joint-region", False),
        ("bras", "limb", True),
        ("", "leg-area", None),
        ("jambe", "periarticular", None),
    ],
)
def test_within(where: str, area: str, expected: bool | None) -> None:
    assert SITES.within(SITES.read(where), area) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (site("leg", sides="left"), site("leg", sides="right"), False),
        (site("leg", sides="left"), site("leg"), True),
        (site("leg"), site("calf"), True),
        (site("calf"), site("leg"), True),
        (site("leg"), site("arm"), False),
        (site("leg", sides="left right"), site("ankle", "leg", sides="right"), True),
        (NOWHERE, site("leg"), None),
        (site("leg"), NOWHERE, None),
        (Site(frozenset(), frozenset({"left"})), site("leg", sides="right"), False),
    ],
)
def test_overlap(one: Site, other: Site, expected: bool | None) -> None:
    assert SITES.overlap(one, other) is expected


def test_same_side_differs_only_when_both_are_recorded() -> None:
    assert SITES.same_side(site("leg"), site("leg", sides="left"))
    assert not SITES.same_side(site("leg", sides="right"), site("leg", sides="left"))


def test_an_unknown_region_in_the_chapter_is_a_mistake_with_the_nearest_name() -> None:
    chapter: dict[str, Any] = chapters().sites.model_dump(by_alias=True)
    broken = chapter | {"areas": [*chapter["areas"], chapter["areas"][0] | {"id": "x", "regions": ["calff"]}]}
    with pytest.raises(ValidationError, match="did you mean 'calf'"):
        SitesChapter.model_validate(broken)
    broken = chapter | {"areas": [*chapter["areas"], chapter["areas"][0] | {"id": "x", "regions": ["qqqqq"]}]}
    with pytest.raises(ValidationError, match="'qqqqq' is no region"):
        SitesChapter.model_validate(broken)
