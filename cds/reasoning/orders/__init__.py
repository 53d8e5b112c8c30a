"""What a draft order means for this patient: the order-time rules ORD-0 to ORD-10 (section 12b)."""
