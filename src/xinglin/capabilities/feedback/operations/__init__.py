"""What feedback does."""
