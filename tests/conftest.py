"""Fixtures of the whole run: one embedded PostgreSQL, a migrated template, a fresh database for each test module."""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import hypothesis
import pytest
from jinja2 import Environment, FileSystemBytecodeCache
from xdist.scheduler import LoadFileScheduling

from tests.order import file_of, longest_first
from xinglin.settings import Settings
from xinglin.store import embedded
from xinglin.store.door import Door
from xinglin.store.migrate import migrate
from xinglin.store.store import Store
from xinglin.store.terminology.filling import fill as fill_tables
from xinglin.store.vault.keys import make_keys
from xinglin.store.vault.keystore import FileKeyStore
from xinglin.store.vault.vault import KEY_BYTES
from xinglin.web.kit import Kit
from xinglin.web.view import Language

ROOT: Final = Path(__file__).resolve().parent.parent
SHARED: Final = ROOT.parent / "shared"

# The process that starts the run chooses the folder; those that it starts (xdist) find it here and join its server.
FOLDER: Final = "TESTS_POSTGRESQL"
WORKER: Final = "PYTEST_XDIST_WORKER"  # its name, in a process that was started so

# A busy machine is slow without being wrong, so an example has no time limit of its own; the test has (pytest-timeout).
# What a property test finds in `make test` must be found again by whoever looks into it.
hypothesis.settings.register_profile("xinglin", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
hypothesis.settings.load_profile("xinglin")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--walk", action="store_true", help="walk the care line through a demonstration (minutes)")
    parser.addoption("--pairs", type=int, default=10_000, help="pairs that each of both fuzz tests of access compares")
    parser.addoption(
        "--journeys", type=int, default=40, help="journeys with a fault at random, after those at every step"
    )
    parser.addoption("--rushes", type=int, default=1, help="clinic sessions that are sold out while servers are killed")
    parser.addoption("--files", type=int, default=0, help="show so many files that took longest")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    took: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for one in reports:
            if isinstance(one, pytest.TestReport):
                took[file_of(one.nodeid)] = took.get(file_of(one.nodeid), 0.0) + one.duration
    for file, seconds in sorted(took.items(), key=lambda pair: -pair[1])[: config.getoption("files")]:
        terminalreporter.write_line(f"{seconds:7.1f} s  {file}")


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith("XINGLIN_")]:
        # Settings of whoever runs the tests must not decide what they find.
        del os.environ[name]
    if FOLDER not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="xinglin-tests-"))
        folder.chmod(0o755)  # as root the server runs as another user
        os.environ[FOLDER] = str(folder)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if WORKER in os.environ:
        key = longest_first([item.nodeid for item in items])
        items.sort(key=lambda item: key(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """With ``--dist loadfile`` give files out in the order of `order`."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    made = LoadFileScheduling(config, log)
    made._split_scope = file_of
    return made


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Compile a template once in the run, not for each application that a test makes."""
    made = Kit._environment

    def environment(kit: Kit, language: Language, folders: Sequence[Path]) -> Environment:
        kept = Path(os.environ[FOLDER]) / f"templates-{language}"
        kept.mkdir(mode=0o700, exist_ok=True)
        built = made(kit, language, folders)
        built.bytecode_cache = FileSystemBytecodeCache(str(kept))
        return built

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kit, "_environment", environment)
        yield


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty folder where a command may put a server of its own: also as root, when that runs as another user."""
    folder = Path(tempfile.mkdtemp(prefix="xinglin-data-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[embedded.Server]:
    """A PostgreSQL server for the run, shared by its processes; nothing on it needs to outlive the machine."""
    with embedded.start(Path(os.environ[FOLDER])) as server:
        asyncio.run(_forgetful(server))
        yield server


async def _forgetful(server: embedded.Server) -> None:
    """Spare the disk: what tests write need not survive a power cut. Crash tests start servers of their own."""
    connection = await asyncpg.connect(server.address("postgres"))
    try:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


def key_store() -> FileKeyStore:
    """Give the key store of the run, which unwraps the keys of every database copied from the template."""
    return FileKeyStore.make(key_file())


def key_file() -> Path:
    """Name the file of the master key of the run."""
    return Path(os.environ[FOLDER]) / "master.key"


def same(number: int) -> bytes:
    """Give random bytes, but for the key of the index the same in each database: a process finds records by one."""
    return hashlib.sha256(b"index of the tests").digest() if number == KEY_BYTES["hmac-sm3"] else os.urandom(number)


@pytest.fixture(scope="session")
def keys() -> FileKeyStore:
    """The key store of the run."""
    return key_store()


async def prepared(dsn: str) -> None:
    """Bring a database to the schema of this version, and give it data keys under the key store of the run."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await make_keys(connection, key_store(), cipher="sm4", random=same)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def postgres_template(postgres_server: embedded.Server) -> str:
    """Name of a migrated, empty database to copy from; it has data keys."""
    return await _made_once(postgres_server, "template_empty", "template0", prepared)


@pytest.fixture(scope="session")
async def national_template(postgres_server: embedded.Server, postgres_template: str) -> str:
    """Name of a migrated database with the national tables."""
    return await _made_once(postgres_server, "template_national", postgres_template, _filled)


@pytest.fixture(scope="module")
async def postgres_dsn(
    postgres_server: embedded.Server, postgres_template: str, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """Address of a migrated, empty database that the tests of one module share."""
    async with _copied(postgres_server, postgres_template, request.node.name) as dsn:
        yield dsn


@pytest.fixture(scope="module")
async def national_dsn(
    postgres_server: embedded.Server, national_template: str, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """Address of a migrated database with the national tables that the tests of one module share."""
    async with _copied(postgres_server, national_template, f"national_{request.node.name}") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data and designs beside the project; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared, which lies beside a full checkout")
    return SHARED


async def _made_once(server: embedded.Server, name: str, origin: str, fill: Callable[[str], Awaitable[None]]) -> str:
    """Make a database that is only copied from; the first process that wants it makes it for all."""
    connection = await asyncpg.connect(server.address("postgres"))
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        if not await connection.fetchval("SELECT d.datistemplate FROM pg_database d WHERE d.datname = $1", name):
            await connection.execute(f"DROP DATABASE IF EXISTS {name}")
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {origin}")
            await fill(server.address(name))
            await connection.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
    finally:
        await connection.close()
    return name


async def _filled(dsn: str) -> None:
    from xinglin.app import create_registry  # only who asks for the tables waits for the platform

    store = await Store.open(dsn, connections=4, keys=key_store())
    try:
        await fill_tables(Door(store, create_registry(Settings()).rulebook))
    finally:
        await store.close()


@asynccontextmanager
async def _copied(server: embedded.Server, template: str, module: str) -> AsyncIterator[str]:
    """Give the address of a copy, which is there until the block ends."""
    name = re.sub(r"\W+", "_", f"t_{os.environ.get(WORKER, 'main')}_{module}").lower()[:63]
    await _execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.address(name)
    await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(server: embedded.Server, sql: str) -> None:
    connection = await asyncpg.connect(server.address("postgres"))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def store(postgres_dsn: str, keys: FileKeyStore) -> AsyncIterator[Store]:
    """Open the store of this module's database; whatever the test writes is gone afterwards."""
    opened = await Store.open(postgres_dsn, keys=keys)
    yield opened
    await opened.close()
    await emptied(
        postgres_dsn, "res hist ix dx sx qx tx term dict merged held procrastinate_periodic_defers procrastinate_jobs"
    )


async def emptied(dsn: str, tables: str) -> None:
    """Empty tables, in this order; of the few rows of a test DELETE rids us sooner than TRUNCATE of its files."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(";".join(f"DELETE FROM {table}" for table in tables.split()))
        await connection.execute("UPDATE merging SET epoch = 0 WHERE epoch > 0")
    finally:
        await connection.close()
