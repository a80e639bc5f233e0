"""What supervision does: tells, traces, checks, follows findings."""
