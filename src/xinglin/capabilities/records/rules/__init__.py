"""What the record browser decides: columns of a table, moments of a time line, criteria of a search form."""
