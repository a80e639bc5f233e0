"""Channels of payment: what we ask of them, and the two that we speak."""
