"""Decisions over the records of appointments: their shapes, keys and states."""
