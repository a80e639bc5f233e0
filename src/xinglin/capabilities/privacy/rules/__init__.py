"""Decisions of privacy: terms of incidents, requests of rights, the registers, the notice."""
