"""Pages of appointments: residents, desk, consulting room, call screen, public log, planning."""
