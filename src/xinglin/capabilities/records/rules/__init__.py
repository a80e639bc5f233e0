"""How records read: gist (a value in a few words), line (a resource in a row), tree and differences, search forms."""
