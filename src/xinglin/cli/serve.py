"""`xinglin serve`."""


def serve() -> None:
    """Serve FHIR and pages until SIGTERM or Ctrl-C; the database must be migrated."""
    import os

    from xinglin.cli.database import database
    from xinglin.server.serve import serve as run
    from xinglin.settings import read
    from xinglin.store.vault.keystore import FileKeyStore

    with database(read(os.environ)) as settings:
        FileKeyStore(settings.master_key)  # refused here once, rather than in each process that serves
        run(settings)
