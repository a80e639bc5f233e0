"""Decisions of feedback: who rates what, terms of complaints, the moves of a complaint."""
