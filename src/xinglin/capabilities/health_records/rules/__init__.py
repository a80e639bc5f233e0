"""Decisions about a record: what is a danger, what is current, what is abnormal, in which words. Pure."""
