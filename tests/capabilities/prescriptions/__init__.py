"""Prescriptions: written, signed, reviewed."""
