"""Pages of the directory: looking up, upkeep, readiness, imports."""
