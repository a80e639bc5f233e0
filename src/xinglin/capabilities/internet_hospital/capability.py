"""Everything that the internet hospital adds."""

from datetime import timedelta
from functools import partial
from typing import Final

from xinglin.capabilities.internet_hospital import contract, jobs, policy
from xinglin.capabilities.internet_hospital.operations import (
    admitting,
    asking,
    lining,
    moving,
    noting,
    talking,
    terming,
)
from xinglin.capabilities.internet_hospital.pages import clinic, line, mine, shown
from xinglin.capabilities.internet_hospital.pages import terms as own_terms
from xinglin.capabilities.internet_hospital.pages.line import Way
from xinglin.capabilities.internet_hospital.rules import line as recording
from xinglin.capabilities.internet_hospital.rules import states
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, INSTITUTION, RESIDENT, Capability, Exclusive, Handler, Invariant, Job, Page, Socket
from xinglin.settings import Settings

TITLE: Final = Text("互联网医院", "Internet hospital")
VISITS: Final = Text("在线复诊", "Online visits")


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    terms = Terms(
        promise=timedelta(minutes=settings.visit_promise_minutes),
        follow_up=timedelta(hours=settings.visit_follow_up_hours),
        questions=settings.visit_questions,
    )
    return Capability(
        name=contract.NAME,
        title=TITLE,
        needs=("billing", "consents", "notifications", "practitioners", "signatures"),
        code_sets=(
            *(contract.STATES, contract.MEDIA, contract.REASONS, contract.KINDS),
            *(contract.DECISIONS, contract.ORIGINS, contract.VOICES),
        ),
        profiles=(contract.VISIT, contract.MESSAGE, contract.EVIDENCE, contract.NOTE, contract.RECORDING),
        invariants=(
            Invariant(contract.VISIT, states.moved),
            Invariant(contract.MESSAGE, states.kept),
            Invariant(contract.RECORDING, recording.recording_fixed),
        ),
        exclusives=(Exclusive(contract.VISIT, states.alone, "visit-stands"),),
        operations=(
            Handler(contract.REQUEST, partial(asking.request_visit, terms=terms)),
            Handler(contract.ACCEPT, moving.accept),
            Handler(contract.ENTER, moving.enter),
            Handler(contract.START, moving.start),
            Handler(contract.REFUSE, moving.reject),
            Handler(contract.TERMINATE, moving.terminate),
            Handler(contract.CANCEL, moving.cancel),
            Handler(contract.INTERRUPT, moving.interrupt),
            Handler(contract.RESUME, moving.resume),
            Handler(contract.DEGRADE, moving.change_medium),
            Handler(contract.FINISH, partial(noting.finish, terms=terms)),
            Handler(contract.SAY, partial(talking.say, terms=terms)),
            Handler(contract.JUDGE, noting.judge),
            Handler(contract.GATE, admitting.revisit_gate),
            Handler(contract.INVITE, lining.invite),
            Handler(contract.SET_TERMS, terming.set_terms),
            Handler(contract.KEEP, lining.keep_recording),
        ),
        grants=policy.grants(settings),
        pages=_pages(Way(settings.ice_servers, settings.turn_secret), terms),
        sockets=(Socket(contract.LINE_SOCKET, lining.join, lining.told),),
        templates="xinglin.capabilities.internet_hospital:templates",
        jobs=(
            Job(contract.EXPIRE, jobs.expire, retries=5),
            Job(contract.SWEEP, jobs.sweep, every="03:25 Asia/Shanghai"),
            Job(contract.GIVE_BACK, jobs.give_back, retries=8),
            Job(contract.SETTLED, partial(jobs.settled, terms=terms), retries=8),
        ),
        notices=(contract.ACCEPTED, contract.REFUSED, contract.UNANSWERED, contract.ASKED, contract.INVITED),
    )


def _pages(way: Way, terms: Terms) -> tuple[Page, ...]:
    one, files, said, kept = "/{id}", "/{id}/files/{file}", "/{id}/line", "/{id}/recordings/{series}"
    return (
        Page(RESIDENT, contract.ONLINE, show=mine.show_mine, menu=VISITS, icon="stethoscope", tab="visits", order=30),
        Page(RESIDENT, contract.NEW, show=mine.show_new, send=mine.send_new),
        Page(RESIDENT, contract.MINE + one, show=mine.show_one, send=mine.send_one),
        Page(RESIDENT, contract.MINE + files, show=shown.file),
        Page(RESIDENT, contract.MINE + said, show=partial(line.show_mine, way), send=partial(line.send_mine, way)),
        Page(
            CLINIC,
            contract.DESK,
            show=clinic.show_list_,
            menu=VISITS,
            icon="stethoscope",
            order=30,
            roles=contract.DOCTORS,
            badge=clinic.waiting,
        ),
        Page(CLINIC, contract.DESK + one, show=clinic.show_one, send=clinic.send_one, roles=contract.DOCTORS),
        Page(CLINIC, contract.DESK + files, show=shown.file, roles=contract.DOCTORS),
        Page(
            INSTITUTION,
            contract.TERMS_PAGE,
            show=partial(own_terms.show, terms),
            send=partial(own_terms.send, terms),
            menu=VISITS,
            icon="stethoscope",
            order=45,
            roles=frozenset({"system-admin"}),
        ),
        Page(CLINIC, contract.DESK + kept, show=line.recording, roles=contract.DOCTORS),
        Page(
            CLINIC,
            contract.DESK + said,
            show=partial(line.show_clinic, way),
            send=partial(line.send_clinic, way),
            roles=contract.DOCTORS,
        ),
    )
