"""Decisions about credentials and identifiers."""
