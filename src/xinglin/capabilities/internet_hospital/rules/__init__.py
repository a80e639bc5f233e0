"""Decisions of online visits: states, promises, who speaks, the wording of consent, and the forms of records."""
