"""Pages of the record browser: start, listing, record, timeline, find."""
