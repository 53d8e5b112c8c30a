"""Where in the body: regions and sides, read from words."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Site"]


class Site(NamedTuple):
    """Regions by id of rules/sites.yaml and the sides that are named; both empty when nothing is known."""

    regions: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
