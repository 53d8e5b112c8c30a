"""Asking a FHIR server: one exchange, its retries, its pages, all within one budget of time and bytes."""
