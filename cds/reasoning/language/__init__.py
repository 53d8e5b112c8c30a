"""What words say: negation, doubt, relatives (ACC-3), terms, sites, and sentences that say calcification (TRG-2)."""
