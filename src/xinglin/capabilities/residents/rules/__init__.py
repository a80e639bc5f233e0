"""Decisions about residents: numbers, registrations, records, cards."""
