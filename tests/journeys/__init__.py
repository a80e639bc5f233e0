"""Whole journeys through the care line with a fault injected at every step (docs/adr/0115)."""
