"""Decisions about settlements: the claim, the messages to the platform, the result and how it is explained."""
