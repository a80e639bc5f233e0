"""Use cases of online visits: ask, admit, move along the table of states, talk, judge evidence, write the note."""
