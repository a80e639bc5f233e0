"""Everything that appointments add."""

from dataclasses import replace
from functools import partial
from typing import Final

from xinglin.capabilities.appointments import contract, jobs, policy
from xinglin.capabilities.appointments.operations import giving_back, holding, people, policies, queue, sessions, taking
from xinglin.capabilities.appointments.pages import deciding, hall, resident, staff
from xinglin.capabilities.appointments.rules import keys, states
from xinglin.care.booking import POLICY, Policy
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, INSTITUTION, RESIDENT, Capability, Card, Exclusive, Handler, Invariant, Job, Page
from xinglin.settings import Settings

DOCTORS: Final = frozenset({"physician", "village-doctor", "family-doctor", "public-health"})
QUEUE: Final = Text("候诊队列", "Queue")


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    rules = replace(POLICY, zone=settings.zone)
    return Capability(
        name="appointments",
        title=Text("预约挂号与候诊", "Appointments"),
        needs=("billing", "notifications"),
        code_sets=contract.CODE_SETS,
        profiles=contract.PROFILES,
        invariants=(Invariant(contract.BOOKING, states.status_moves),),
        exclusives=(
            Exclusive(contract.SESSION, partial(keys.of_session, settings.zone), "session-taken"),
            Exclusive(contract.BOOKING, keys.of_booking, "number-taken"),
        ),
        operations=(
            Handler(contract.HOLD, partial(taking.take_one, policy=rules), partial(taking.take, policy=rules)),
            Handler(contract.HOLD_NEXT, partial(taking.take_one, policy=rules), partial(taking.take, policy=rules)),
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
            Handler(contract.DECIDE, policies.decide),
            Handler(contract.VERIFY, partial(giving_back.verify, policy=rules)),
        ),
        grants=policy.grants(settings),
        jobs=(
            Job(contract.PLAN, partial(jobs.plan, policy=rules), every="01:20 Asia/Shanghai"),
            Job(contract.EXPIRE, partial(jobs.expire, policy=rules)),
            Job(contract.RELEASE, partial(jobs.release, policy=rules)),
            Job(contract.REMIND, partial(jobs.remind, policy=rules)),
            Job(contract.CLOSE, jobs.close),
            Job(contract.REFUND, jobs.refund, retries=5),
        ),
        notices=contract.NOTICES,
        pages=_pages(rules),
        cards=(Card(RESIDENT, Text("就诊安排", "Your visit"), partial(resident.card, policy=rules), order=5),),
        templates="xinglin.capabilities.appointments:templates",
    )


def _pages(rules: Policy) -> tuple[Page, ...]:
    return (
        Page(
            RESIDENT,
            contract.OWN,
            show=partial(resident.show, policy=rules),
            send=partial(resident.send, policy=rules),
            menu=Text("预约挂号", "Book a visit"),
            icon="calendar",
            tab="visits",
            order=20,
        ),
        Page(
            RESIDENT,
            contract.TICKET,
            show=partial(resident.show_ticket, policy=rules),
            send=partial(resident.send_ticket, policy=rules),
        ),
        Page(
            CLINIC,
            contract.QUEUE,
            show=partial(staff.show_queue, policy=rules, path=contract.QUEUE, whole=False),
            send=partial(staff.send_queue, policy=rules, path=contract.QUEUE, whole=False),
            menu=QUEUE,
            icon="users",
            order=10,
            roles=DOCTORS,
        ),
        Page(
            CLINIC,
            contract.SESSIONS,
            show=partial(staff.show_sessions, policy=rules),
            send=partial(staff.send_sessions, policy=rules),
            menu=Text("出诊安排", "Sessions"),
            icon="calendar",
            order=15,
            roles=DOCTORS,
        ),
        Page(
            contract.DESK,
            contract.DESK_PAGE,
            show=partial(staff.show_desk, policy=rules),
            send=partial(staff.send_desk, policy=rules),
            menu=Text("窗口挂号", "Booking desk"),
            icon="calendar",
            order=10,
        ),
        Page(
            contract.DESK,
            contract.DESK_QUEUE,
            show=partial(staff.show_queue, policy=rules, path=contract.DESK_QUEUE, whole=True),
            send=partial(staff.send_queue, policy=rules, path=contract.DESK_QUEUE, whole=True),
            menu=QUEUE,
            icon="users",
            order=12,
        ),
        Page(
            INSTITUTION,
            contract.PLANNING,
            show=partial(staff.show_planning, policy=rules),
            send=partial(staff.send_planning, policy=rules),
            menu=Text("排班与号源", "Sessions"),
            icon="calendar",
            order=30,
        ),
        Page(
            INSTITUTION,
            contract.RULES,
            show=partial(deciding.show, policy=rules),
            send=partial(deciding.send, policy=rules),
            menu=Text("号源规则", "Rules of numbers"),
            icon="settings",
            order=31,
        ),
        Page(contract.HALL, contract.SCREEN, show=partial(hall.show_screen, policy=rules)),
        Page(contract.HALL, contract.CALL_SOUND, show=partial(hall.show_call, policy=rules)),
        Page(contract.PUBLIC, contract.LOG, show=partial(hall.show_log, policy=rules)),
    )
