"""Reading a record: which searches, as of when, and what is only referred to."""
