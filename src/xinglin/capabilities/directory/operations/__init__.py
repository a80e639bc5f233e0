"""What the directory does: upkeep, readiness, imports."""
