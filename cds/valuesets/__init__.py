"""Value sets and terminology servers: `cds valuesets refresh` and `cds valuesets validate`. Never part of an answer."""
