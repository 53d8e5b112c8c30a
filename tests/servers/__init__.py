"""Real servers on loopback that tests start: FHIR servers that behave, and some that do not."""
