"""Decisions of supervision: what is told and when, the links of a trace, check sheets, findings."""
