"""What care decides (docs/care.md): pure functions over values, each with the rule it comes from.

No store, no clock, no page. Thresholds are data with the days they hold.
"""
