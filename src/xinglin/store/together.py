"""Operations that many call at the same moment: what arrives while a transaction runs is done by the next one.

So a hundred who want numbers of one session share reads, statements and commits. Each answer is given after the commit.
Only for operations that may be run twice: a group that was in somebody's way is done again, one by one.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from xinglin.fhir.declarations import Operation
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.ledger import act_by
from xinglin.security.principal import SYSTEM, Principal

if TYPE_CHECKING:
    from xinglin.store.door import Door, UnitOfWork

GROUPS: Final = 2  # transactions at once
MOST: Final = 50  # in one transaction
WAITING_MAX: Final = 5_000

Takes = TypeVar("Takes")
Gives = TypeVar("Gives")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Takes]):
    """What somebody asked, and who it is; the unit of work acts as the platform."""

    principal: Principal
    given: Takes


Run = Callable[["UnitOfWork", Sequence[Asked[Takes]]], Awaitable[Sequence[Gives | OutcomeError]]]


@dataclass(slots=True, eq=False)
class _Order(Generic[Takes, Gives]):
    asked: Asked[Takes]
    answer: "asyncio.Future[Gives]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Together(Generic[Takes, Gives]):
    """The callers of one operation in one process. run: does a group; gives the answer or the refusal of each."""

    def __init__(self, door: "Door", operation: Operation[Takes, Gives], run: Run[Takes, Gives]) -> None:
        self._door = door
        self._operation = operation
        self._run = run
        self._waiting: deque[_Order[Takes, Gives]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, principal: Principal, given: Takes) -> Gives:
        """Be done with the next group; it is done also when the caller gives up waiting."""
        if len(self._waiting) >= WAITING_MAX:
            raise OutcomeError(Issue("throttled", "too-busy", text="Too many requests wait for the database."))
        order: _Order[Takes, Gives] = _Order(Asked(principal, given))
        self._waiting.append(order)
        if len(self._running) < GROUPS:
            # In a context of its own, as it works for others too.
            task = asyncio.get_running_loop().create_task(self._work(), context=contextvars.Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await order.answer

    async def _work(self) -> None:
        while self._waiting:
            await self._do([self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))])

    async def _do(self, group: Sequence[_Order[Takes, Gives]]) -> None:
        try:
            answers = await self._done([one.asked for one in group])
        except BaseException as fault:
            if len(group) > 1 and _again(fault):
                for one in group:
                    await self._do([one])
                return
            answers = [fault] * len(group)  # a bug of ours reaches every caller, and the next group goes on
            if not isinstance(fault, Exception):
                raise
        for order, answer in zip(group, answers, strict=True):
            if order.answer.done():
                continue
            if isinstance(answer, BaseException):
                order.answer.set_exception(answer)
                order.answer.exception()  # seen: a caller that went away is no unhandled fault
            else:
                order.answer.set_result(answer)

    async def _done(self, asked: Sequence[Asked[Takes]]) -> Sequence[Any]:
        async with self._door.work(SYSTEM) as work:
            answers = await self._run(work, asked)
            if self._door.audited:
                on, detail = self._operation.on, f"${self._operation.code}"
                work.shown(
                    act_by(one.principal, work.now, "operation", type=on, detail=detail)
                    for one, answer in zip(asked, answers, strict=True)
                    if not isinstance(answer, OutcomeError)
                )
            return answers


def _again(fault: BaseException) -> bool:
    """Tell whether one may be the reason for all; whether a commit was made whose answer was lost the callers ask."""
    return isinstance(fault, Exception) and not (isinstance(fault, OutcomeError) and fault.status >= 500)
