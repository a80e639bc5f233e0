"""Use cases of appointments: sessions, numbers, the queue."""
