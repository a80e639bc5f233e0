"""Use cases: verify, let take effect, freeze."""
