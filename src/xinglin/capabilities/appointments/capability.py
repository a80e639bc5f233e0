"""Everything that appointments add."""

from dataclasses import replace
from functools import partial

from xinglin.capabilities.appointments import contract, jobs, policy
from xinglin.capabilities.appointments.operations import giving_back, holding, people, queue, sessions
from xinglin.capabilities.appointments.rules import keys, states
from xinglin.care.booking import POLICY
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Exclusive, Handler, Invariant, Job
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    rules = replace(POLICY, zone=settings.zone)
    return Capability(
        name="appointments",
        title=Text("预约挂号与候诊", "Appointments"),
        needs=("notifications",),
        code_sets=(contract.SESSION_STATES, contract.CHANNELS, contract.ENDINGS, contract.LISTS, contract.TASKS),
        profiles=(contract.SESSION, contract.NUMBER, contract.BOOKING, contract.GIVEN_BACK, contract.CALL_TASK),
        invariants=(Invariant(contract.BOOKING, states.status_moves),),
        exclusives=(
            Exclusive(contract.SESSION, partial(keys.of_session, settings.zone), "session-taken"),
            Exclusive(contract.BOOKING, keys.of_booking, "number-taken"),
        ),
        operations=(
            Handler(contract.HOLD, partial(holding.hold, policy=rules)),
            Handler(contract.HOLD_NEXT, partial(holding.hold_next, policy=rules)),
            Handler(contract.WAIT, partial(holding.wait, policy=rules)),
            Handler(contract.CONFIRM, partial(holding.confirm, policy=rules)),
            Handler(contract.GIVE_BACK, partial(giving_back.give_back, policy=rules)),
            Handler(contract.CHECK_IN, partial(queue.check_in, policy=rules)),
            Handler(contract.WALK_IN, partial(queue.walk_in, policy=rules)),
            Handler(contract.CALL, partial(queue.call, policy=rules)),
            Handler(contract.PASS, queue.pass_over),
            Handler(contract.RECALL, queue.recall),
            Handler(contract.DONE, queue.done),
            Handler(contract.STOP, partial(sessions.stop, policy=rules)),
            Handler(contract.OVERBOOK, partial(sessions.overbook, policy=rules)),
            Handler(contract.IDENTIFY, people.identify),
            Handler(contract.MAKE, partial(sessions.make, policy=rules)),
            Handler(contract.VERIFY, partial(giving_back.verify, policy=rules)),
        ),
        grants=policy.grants(settings),
        jobs=(
            Job(contract.PLAN, partial(jobs.plan, policy=rules), every="01:20 Asia/Shanghai"),
            Job(contract.EXPIRE, partial(jobs.expire, policy=rules)),
            Job(contract.RELEASE, partial(jobs.release, policy=rules)),
            Job(contract.REMIND, partial(jobs.remind, policy=rules)),
            Job(contract.CLOSE, jobs.close),
        ),
        notices=contract.NOTICES,
    )
