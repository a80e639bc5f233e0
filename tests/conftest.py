"""One PostgreSQL for the test run; a database of its own for each test module that asks."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from xinglin.store import embedded
from xinglin.store.migrate import migrate

TEMPLATE = "xinglin_template"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """Start an embedded server in a temporary directory, and stop it after the run."""
    # The server works as a system user of its own when we are root; it must reach its folder.
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents):
        if parent.name.startswith("pytest-"):
            parent.chmod(parent.stat().st_mode | 0o011)
    server = embedded.start(Path(folder))
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(postgres_server: embedded.Server) -> str:
    """Migrate one empty database once; the others are copies of it."""
    connection = await asyncpg.connect(postgres_server.address("postgres"))
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    await migrate(postgres_server.address(TEMPLATE))
    return TEMPLATE


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def postgres_dsn(
    request: pytest.FixtureRequest, postgres_server: embedded.Server, postgres_template: str
) -> AsyncIterator[str]:
    """Give the address of a migrated, empty database for this test module."""
    name = re.sub(r"\W+", "_", f"t_{request.node.name}").lower()[-60:]
    connection = await asyncpg.connect(postgres_server.address("postgres"))
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
        yield postgres_server.address(name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
