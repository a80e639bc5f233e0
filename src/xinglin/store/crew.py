"""The processes that load: one reads, the others judge and write, each with database connections of its own."""

import asyncio
import gc
import multiprocessing
import signal
import struct
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Final, Self, TypeVar

import msgspec
import uvloop

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.store.loading import Loader, Refusal, Report, Turn
from xinglin.store.maintenance import refresh_statistics
from xinglin.store.merging import adopt
from xinglin.store.rebuild import build, put_aside
from xinglin.store.rulebook import Rulebook
from xinglin.store.scanning import Uploads
from xinglin.store.sources import Fault, Found, Item, Remark
from xinglin.store.store import Store
from xinglin.store.vault.keystore import KeyStore

BATCH_ITEMS: Final = 500
BATCH_BYTES: Final = 4 * 2**20
_COLLECT_AFTER: Final = 50_000
# Signals that ask a command to stop: its handlers are not for the loading processes.
_ASKS: Final = frozenset({signal.SIGTERM, signal.SIGHUP})

_LENGTH: Final = struct.Struct("<I")
_ITEM: Final = msgspec.msgpack.Decoder(Item)
_BATCH: Final = msgspec.msgpack.Decoder(tuple[list[Item], Turn])

Result = TypeVar("Result")


class LoadFailure(Exception):
    """The database or a loading process failed; what was reported so far is written."""


def no_scanner() -> None:
    """Files are not scanned."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a loading process needs to know. It travels to the process, so the rules come as what makes them."""

    dsn: str
    rulebook: Callable[[], Rulebook]
    principal: Principal
    base_url: str = ""
    sql_timeout_ms: int = 60_000
    keys: Callable[[], KeyStore] | None = None
    sealed: bool = True
    uploads: Callable[[], Uploads | None] = no_scanner


@dataclass(slots=True)
class Progress:
    """Sums over all batches so far; waiting: resources that are tried again later; doing: for the eye.

    warned: as of `loading.Report`.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    waiting: int = 0
    doing: str = "loading"
    passed_over: list[Remark] = field(default_factory=list)
    warned: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        """Resources that have been dealt with."""
        return self.created + self.updated + self.unchanged + self.refused


def load(
    found: Iterable[Found], task: Task, *, processes: int, refuse: Callable[[Refusal], None]
) -> Iterator[Progress]:
    """Load everything *found*; yields the same Progress after each batch, and at the end.

    processes: 0 loads in this one, which suits a few resources. refuse: called with each resource that is refused.
    What is no first version, and resources with conditional references, wait in a file for the end; the latter are
    tried again as long as that brings any of them in.
    An empty store is filled without its indexes, which are built then. Not to be called where an event loop runs.
    Raises LoadFailure.
    """
    progress = Progress()
    with ExitStack() as spools, _Crew(task, processes) if processes else _Alone(task) as crew:
        waiting = spools.enter_context(_Spool())
        with _indexes_aside(task.dsn, progress):
            for report in crew.work(_batches(_items(found, progress, refuse)), "first"):
                _add(progress, report, refuse, waiting)
                yield progress
            progress.doing = "building indexes"
            yield progress
        progress.doing = "loading what waited"
        turn: Turn = "next"
        while waiting.count:
            before = progress.done
            batches, waiting = _batches(waiting.items()), spools.enter_context(_Spool())
            for report in crew.work(batches, turn):
                _add(progress, report, refuse, waiting)
                yield progress
            turn = "last" if progress.done == before else "next"
    if progress.created or progress.updated:
        progress.doing = "merging"
        yield progress
        _run(_adopt(task))
        progress.doing = "measuring"
        yield progress
        _run(refresh_statistics(task.dsn))
    progress.doing = "done"
    yield progress


@contextmanager
def _indexes_aside(dsn: str, progress: Progress) -> Iterator[None]:
    """Put indexes aside when the store is empty, and build them in the end, also after Ctrl-C.

    When the database has failed that is left to whoever loads or migrates next.
    """
    if not _run(put_aside(dsn)):
        progress.doing = "building indexes that an earlier load left"
        _run(build(dsn))
        progress.doing = "loading"
    try:
        yield
    except LoadFailure:
        raise
    except BaseException:
        _run(build(dsn))
        raise
    else:
        _run(build(dsn))


def _run(work: Coroutine[object, object, Result]) -> Result:
    try:
        return asyncio.run(work)
    except OutcomeError as refused:
        raise LoadFailure(str(refused)) from refused


def _items(found: Iterable[Found], progress: Progress, refuse: Callable[[Refusal], None]) -> Iterator[Item]:
    for one in found:
        match one:
            case Item():
                yield one
            case Fault():
                progress.refused += 1
                refuse(Refusal(one.source, one.line, (Issue("structure", one.key, text=one.text),)))
            case Remark():
                progress.passed_over.append(one)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.raw)
        if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _add(progress: Progress, report: Report, refuse: Callable[[Refusal], None], waiting: "_Spool") -> None:
    progress.created += report.created
    progress.updated += report.updated
    progress.unchanged += report.unchanged
    progress.refused += len(report.refused)
    progress.warned += report.warned
    for refusal in report.refused:
        refuse(refusal)
    for item in report.waiting:
        waiting.add(item)
    progress.waiting = waiting.count


class _Spool:
    """Items in a file without a name, which goes with the block."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, item: Item) -> None:
        raw = msgspec.msgpack.encode(item)
        self._file.write(_LENGTH.pack(len(raw)) + raw)
        self.count += 1

    def items(self) -> Iterator[Item]:
        """Read the items back, once."""
        self._file.seek(0)
        while head := self._file.read(_LENGTH.size):
            yield _ITEM.decode(self._file.read(_LENGTH.unpack(head)[0]))


class _Alone:
    """Loads in this process, batch by batch."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        try:
            self._store, self._loader = self._do(_open(self._task))
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._store.close())
        self._runner.close()

    def work(self, batches: Iterator[list[Item]], turn: Turn) -> Iterator[Report]:
        for batch in batches:
            yield self._do(self._loader.load(batch, turn=turn))

    def _do(self, work: Coroutine[object, object, Result]) -> Result:
        try:
            return self._runner.run(work)
        except OutcomeError as refused:
            raise LoadFailure(str(refused)) from refused


class _Crew:
    """Some processes that load batches; they end with the block, or when this process dies.

    They are forked where that is safe, as importing everything anew takes a second of each core.
    """

    def __init__(self, task: Task, processes: int) -> None:
        forked = sys.platform == "linux" and threading.active_count() == 1
        context: ForkContext | SpawnContext = (
            multiprocessing.get_context("fork") if forked else multiprocessing.get_context("spawn")
        )
        self._links: list[Connection] = []
        self._processes: list[BaseProcess] = []
        for number in range(processes):
            ours, theirs = context.Pipe()
            self._links.append(ours)
            # A forked process has our ends too, which would keep the others from hearing that we have gone.
            not_its = tuple(self._links) if forked else ()
            process = context.Process(target=_serve, args=(theirs, task, not_its), name=f"load-{number}", daemon=True)
            with _undisturbed():
                process.start()
            theirs.close()
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._links:
            link.close()
        for process in self._processes:
            process.join()

    def work(self, batches: Iterator[list[Item]], turn: Turn) -> Iterator[Report]:
        """Hand out the batches, one to each process at a time, and give the reports as they come."""
        idle = list(self._links)
        busy: list[Connection] = []
        for batch in batches:
            if not idle:
                for link in _answering(busy):
                    idle.append(link)
                    yield _receive(link)
            link = idle.pop()
            _send(link, batch, turn)
            busy.append(link)
        while busy:
            for link in _answering(busy):
                idle.append(link)
                yield _receive(link)


def _answering(busy: list[Connection]) -> list[Connection]:
    """Wait for answers; the processes that give one are taken out of *busy*."""
    answering = wait(busy)
    ready = [link for link in busy if link in answering]
    for link in ready:
        busy.remove(link)
    return ready


def _send(link: Connection, batch: list[Item], turn: Turn) -> None:
    try:
        link.send_bytes(msgspec.msgpack.encode((batch, turn)))
    except OSError as fault:
        raise LoadFailure(f"a loading process ended: {fault}") from fault


def _receive(link: Connection) -> Report:
    try:
        answer = link.recv()
    except (EOFError, OSError) as fault:
        raise LoadFailure("a loading process ended; see above") from fault
    if isinstance(answer, Report):
        return answer
    raise LoadFailure(str(answer))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep back signals while a process is started: what a handler raises around a fork is lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_ASKS, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(link: Connection, task: Task, not_its: Sequence[Connection]) -> None:
    """Run in a loading process: a report for each batch, until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the reader decides
    for number in _ASKS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_ASKS, signal.SIGINT})
    for other in not_its:
        other.close()
    uvloop.run(_load(link, task))


async def _load(link: Connection, task: Task) -> None:
    try:
        store, loader = await _open(task)
        # What was made at the start stays, and a batch leaves no rings behind: little to look for.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER, 50, 100)
        try:
            while True:
                items, turn = _BATCH.decode(
                    link.recv_bytes()
                )  # nothing else runs in this process, so waiting may block the loop
                link.send(await loader.load(items, turn=turn))
        finally:
            await store.close()
    except (EOFError, BrokenPipeError):
        return  # the reader has gone
    except OutcomeError as refused:
        link.send(str(refused))


async def _adopt(task: Task) -> None:
    """Let merges stand of which what was loaded tells."""
    store, _ = await _open(task)
    try:
        await adopt(store, base_url=task.base_url)
    finally:
        await store.close()


async def _open(task: Task) -> tuple[Store, Loader]:
    keys = task.keys() if task.keys is not None else None
    store = await Store.open(task.dsn, connections=4, sql_timeout_ms=task.sql_timeout_ms, keys=keys, sealed=task.sealed)
    door = Door(store, task.rulebook(), base_url=task.base_url, uploads=task.uploads())
    return store, Loader(door.auto(task.principal))
