"""Pages of the audit: the officer's desk, and the resident's page of who looked."""
