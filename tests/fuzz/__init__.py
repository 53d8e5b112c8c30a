"""Broken on purpose: real resources, mutated by their structure, through the whole way of a request.

`make fuzz` runs it for ten minutes of processor time; the ordinary run takes a few hundred examples. What was ever found
stands in `found/`, one request per file, and is asked again on every run.
"""
