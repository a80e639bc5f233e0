"""PostgreSQL: the door, history, index, search, jobs, files, migrations, the embedded server."""
