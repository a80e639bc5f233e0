"""Decisions of pharmacies: what a supply holds, who may review and dispense, what a pharmacy sees."""
