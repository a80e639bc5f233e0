"""Decisions about prescriptions: states, what is read and written, who reviews."""
