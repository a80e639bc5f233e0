"""What may come between somebody and what he wants: each fault does the step once or more, and loses something."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random  # noqa: TID251  seeded: every run goes the same ways
from typing import Final

from tests.journeys import steps
from tests.journeys.steps import Case, Step
from tests.journeys.town import KilledError
from xinglin.fhir.outcome import OutcomeError

Fault = Callable[[Case, Step, Random], Awaitable[None]]
TRIES: Final = 4


async def _again(case: Case, step: Step) -> None:
    """Do it again as people do: look first; a refusal is good when what was wanted stands."""
    for _ in range(TRIES):
        if await step.stands(case):
            await settle(case, step)  # what was committed runs on without whoever asked
            return
        try:
            await step.do(case)
        except OutcomeError as refused:
            if refused.status >= 500:
                raise
            if await step.stands(case):
                return
            last = refused
        else:
            await settle(case, step)
            continue
        await settle(case, step)
        if not await step.stands(case):
            raise last
    assert await step.stands(case), f"{step.name} never stood"


async def settle(case: Case, step: Step) -> None:
    """Let the outside and the jobs do theirs."""
    del step
    await case.works.jobs()
    await case.works.mail()
    await case.works.jobs()


async def none(case: Case, step: Step, random: Random) -> None:
    """Nothing goes wrong."""
    del random
    await step.do(case)
    await settle(case, step)


async def killed_before(case: Case, step: Step, random: Random) -> None:
    """The process dies when all was written and nothing committed."""
    del random
    works = case.works
    act = works.act

    async def dying(who: object, operation: object, given: object) -> None:
        async with works.door.work(who) as work:  # type: ignore[arg-type]  # as `Works.act` is called
            await work.fhir.operate(operation, given)  # type: ignore[arg-type]
            raise KilledError

    works.act = dying  # type: ignore[method-assign]
    try:
        await step.do(case)
    except KilledError:
        pass
    finally:
        works.act = act  # type: ignore[method-assign]
    await _again(case, step)


async def killed_after(case: Case, step: Step, random: Random) -> None:
    """The process dies after the commit: the answer is lost, and it is asked again at once."""
    del random
    await step.do(case)
    try:
        await step.do(case)
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
    await settle(case, step)


async def twice(case: Case, step: Step, random: Random) -> None:
    """The same is sent twice at the same moment."""
    del random
    answers = await asyncio.gather(step.do(case), step.do(case), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not (isinstance(answer, OutcomeError) and answer.status < 500):
            raise answer
    await settle(case, step)


async def given_up(case: Case, step: Step, random: Random) -> None:
    """Somebody loses patience, or the line breaks, at any moment."""
    task = asyncio.ensure_future(step.do(case))
    await asyncio.wait({task}, timeout=random.uniform(0, 0.03))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await _again(case, step)


async def job_killed(case: Case, step: Step, random: Random) -> None:
    """A job dies when it has asked the outside, and before it noted the answer; more than once."""
    case.works.dies = random.randint(1, 3)
    await step.do(case)
    await settle(case, step)
    case.works.dies = 0


async def looked_after(case: Case) -> None:
    """Do what is done minutes later about silence: ask what became of a bill and its payments."""
    bill = (await steps.bill_of(case))["id"]
    payments = await case.works.find("PaymentNotice", request=f"Invoice/{bill}")
    for about in (bill, *(one["id"] for one in payments)):
        await case.works.later(about)
    await case.works.mail()
    await case.works.jobs()


def channel(kind: str) -> Fault:
    """The channel of payments has a fault."""

    async def fault(case: Case, step: Step, random: Random) -> None:
        del random
        case.works.outside.till(case.channel).faults.switch(kind, 1, 0.4)
        await step.do(case)
        await settle(case, step)
        case.works.outside.till(case.channel).faults.switch("off", 0, 0)
        if not await step.stands(case):
            await looked_after(case)

    return fault


def insurer(kind: str) -> Fault:
    """The insurer's platform has a fault."""

    async def fault(case: Case, step: Step, random: Random) -> None:
        del random
        await case.works.outside.insurer.faults(kind, times=1, seconds=1.2)
        await step.do(case)
        await settle(case, step)
        await case.works.outside.insurer.faults("off")
        if not await step.stands(case):
            await looked_after(case)

    return fault


async def late(case: Case, step: Step, random: Random) -> None:
    """Call-backs come twice."""
    del random
    await step.do(case)
    await case.works.jobs()
    await case.works.mail(twice=True)
    await case.works.jobs()


EVERYWHERE: Final[Mapping[str, Fault]] = {
    "none": none,
    "killed before the commit": killed_before,
    "killed before the answer": killed_after,
    "twice at once": twice,
    "given up": given_up,
    "job killed": job_killed,
}
OUTSIDE: Final[Mapping[str, Fault]] = {
    "channel times out": channel("time-out"),
    "channel down": channel("down"),
    "channel duplicate": channel("duplicate"),
    "channel silent": channel("no-receipt"),
    "insurer times out": insurer("time-out"),
    "insurer duplicate": insurer("duplicate"),
    "call-back twice": late,
}


def of(step: Step) -> Mapping[str, Fault]:
    """Give the faults that may meet a step."""
    return {**EVERYWHERE, **OUTSIDE} if step.outside else EVERYWHERE
