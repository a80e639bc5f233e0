"""Scores by institution and domain, findings as a list, and one finding."""
