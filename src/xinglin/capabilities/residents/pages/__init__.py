"""Pages of residents and of registration desks."""
