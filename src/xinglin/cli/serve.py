"""`xinglin serve`."""


def serve() -> None:
    """Serve FHIR and pages until SIGTERM or Ctrl-C; the database must be migrated."""
    import os

    from xinglin.cli.database import database
    from xinglin.server.serve import serve as run
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        run(settings)
