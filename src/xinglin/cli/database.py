"""The database of a command: the one that is set, or the embedded server while the command runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from xinglin.cli.processes import stoppable, undisturbed
from xinglin.setting_forms import Secret
from xinglin.settings import Settings

if TYPE_CHECKING:
    from xinglin.store.embedded import Server


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Give *settings* with the address of a running database; in the block a signal to stop raises Stop.

    The embedded server is started, or joined when another command runs it, and left at the end; the last command to
    leave stops it. A server that cannot be started ends the command with the reason.
    """
    with stoppable():
        if settings.database_url is not None:
            yield settings
            return
        with ExitStack() as left_behind:
            with undisturbed():
                server = _start(settings)
                left_behind.callback(_stop, server)
            yield replace(settings, database_url=Secret(server.dsn))


def migrated(settings: Settings) -> tuple[str, ...]:
    """Bring the database to this version, or end the command with why not; give the names of the steps that ran."""
    import asyncio

    import asyncpg

    from xinglin.store.migrate import MigrationFailure, migrate
    from xinglin.store.rebuild import build
    from xinglin.store.vault.keystore import KeyStoreFault

    try:
        # An index that a load put aside and never came to build counts as a step.
        done = asyncio.run(migrate(address(settings))) + asyncio.run(build(address(settings)))
        return done + asyncio.run(_keys(settings))
    except (MigrationFailure, KeyStoreFault) as failure:
        raise _ended(str(failure)) from None
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InvalidAuthorizationSpecificationError) as failure:
        raise _ended(f"The database of XINGLIN_DATABASE_URL does not let us in: {failure}") from None
    except asyncpg.InvalidCatalogNameError as failure:
        raise _ended(f"The database of XINGLIN_DATABASE_URL must exist: {failure}") from None


def filled(settings: Settings) -> tuple[str, ...]:
    """Bring the national tables of codes, and the concepts of code systems that were loaded, into the database."""
    import asyncio

    from xinglin.fhir.outcome import OutcomeError

    try:
        return asyncio.run(_filled(settings))
    except OutcomeError as failure:
        raise _ended(f"The tables of codes cannot be written: {failure}") from None


async def _filled(settings: Settings) -> tuple[str, ...]:
    from xinglin.app import create_registry, open_door
    from xinglin.store.terminology.filling import fill
    from xinglin.store.terminology.keeping import behind, reworded

    door = await open_door(settings, create_registry(settings))
    try:
        await behind(door.store)
        return await fill(door) + await reworded(door.store)
    finally:
        await door.store.close()


async def _keys(settings: Settings) -> tuple[str, ...]:
    """Make the keys that are missing: the master key only for a store that has no data keys yet."""
    import asyncpg

    from xinglin.store.vault.keys import make_keys
    from xinglin.store.vault.keystore import FileKeyStore

    connection = await asyncpg.connect(address(settings))
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM data_key)"):
            store = FileKeyStore(settings.master_key)
        else:
            store = FileKeyStore.make(settings.master_key)
        made = await make_keys(connection, store, cipher=settings.cipher)
        return tuple(f"key of {domain}" for domain in made)
    finally:
        await connection.close()


def address(settings: Settings) -> str:
    """Give the address of the database, which `database` has filled in."""
    if settings.database_url is None:
        raise LookupError("no database: settings must pass cli.database.database first")
    return settings.database_url.reveal()


def _start(settings: Settings) -> "Server":
    from xinglin.store import embedded

    try:
        return embedded.start(settings.data_dir)
    except embedded.EmbeddedFailure as failure:
        raise _ended(str(failure)) from None


def _stop(server: "Server") -> None:
    with undisturbed():
        server.stop()


def _ended(reason: str) -> typer.Exit:
    typer.echo(reason, err=True)
    return typer.Exit(1)
