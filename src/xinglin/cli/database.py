"""The database of a command: the one that is set, or the embedded server while the command runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from xinglin.settings import Secret, Settings


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Give *settings* with the address of a running database.

    The embedded server is started, or joined when another command runs it, and left at the end; the last command to
    leave stops it. Raises store.embedded.EmbeddedFailure.
    """
    if settings.database_url is not None:
        yield settings
        return
    from xinglin.store import embedded

    with embedded.start(settings.data_dir) as server:
        yield replace(settings, database_url=Secret(server.dsn))


def address(settings: Settings) -> str:
    """Give the address of the database, which `database` has filled in."""
    if settings.database_url is None:
        raise LookupError("no database: settings must pass cli.database.database first")
    return settings.database_url.reveal()
