"""Decisions: what comes next for a message, what a receipt says, what an address may be."""
