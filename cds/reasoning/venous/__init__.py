"""Chronic venous insufficiency: stage of Porter 1988, CEAP equivalence, calcification and ulcer (section 8)."""

from cds.reasoning.venous.calcification import attribution
from cds.reasoning.venous.conclusions import Wanted, conclusions, withheld
from cds.reasoning.venous.stage import Staging, context, staging
from cds.reasoning.venous.staging import Legs, Limb, Reading, Sign, staged

__all__ = [
    "Legs",
    "Limb",
    "Reading",
    "Sign",
    "Staging",
    "Wanted",
    "attribution",
    "conclusions",
    "context",
    "staged",
    "staging",
    "withheld",
]
