"""Use cases of residents."""
