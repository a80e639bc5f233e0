"""Pages of triage: one flow for residents, visitors and the desk. What was said stands in the form, in no address."""
