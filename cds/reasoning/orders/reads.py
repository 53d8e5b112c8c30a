"""What the rules of orders read: only that is asked for in the prefetch of their service (D5)."""

from __future__ import annotations

from cds.reasoning.knowledge.orders import OrdersChapter

__all__ = ["DERIVED", "labs_read"]

DERIVED = frozenset(
    """
    albumin alp bicarbonate body-height calcium-corrected calcium-ionised calcium-total creatinine egfr egfr-schwartz
    fgf23-intact m-protein phosphate platelets potassium pregnancy-status protein-total pth-intact urine-calcium-24h
    urine-calcium-creatinine vitamin-d-1-25 vitamin-d-25oh
    """.split()  # noqa: SIM905 - a list of words reads as words
)
"""The laboratory tests that the derived values of sections 1 to 5 ask for: calcium, phosphate, kidneys, class, red flag."""


def labs_read(chapter: OrdersChapter) -> frozenset[str]:
    """The laboratory tests that a rule of orders can ask for: derived values, and what is not to be repeated (ORD-10)."""
    repeated = {lab for interval in chapter.duplicates.intervals for tests in interval.tests for lab in tests}
    return DERIVED | repeated
