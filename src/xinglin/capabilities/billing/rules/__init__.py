"""Decisions of billing: the bill, its payments, what comes next, what is booked, what differs."""
