"""Everything that privacy adds."""

from functools import partial

from xinglin.capabilities.privacy import contract, jobs
from xinglin.capabilities.privacy import policy as rights_of
from xinglin.capabilities.privacy.operations import copies as copying
from xinglin.capabilities.privacy.operations import incidents as handling
from xinglin.capabilities.privacy.operations import registers as entering
from xinglin.capabilities.privacy.operations import rights as asking
from xinglin.capabilities.privacy.operations.incidents import Terms
from xinglin.capabilities.privacy.pages import asking as asking_copies
from xinglin.capabilities.privacy.pages import copies, incidents, notice, registers, rights
from xinglin.capabilities.privacy.pages.notice import Processor
from xinglin.capabilities.privacy.rules.registers import stays
from xinglin.capabilities.watching.contract import SECURITY
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, RESEARCH, RESIDENT, Capability, Handler, Invariant, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    terms = Terms(settings.critical_infrastructure, settings.processor_contact)
    return Capability(
        name="privacy",
        title=Text("个人信息保护", "Privacy"),
        needs=("notifications", "watching"),
        code_sets=(contract.TASKS, contract.LEVELS, contract.STATES, contract.RIGHTS, contract.REGISTER),
        notices=(contract.LEAKED, contract.ANSWERED, contract.DUE),
        profiles=(contract.INCIDENT, contract.RIGHTS_REQUEST, contract.RECORD, contract.DEIDENTIFICATION),
        invariants=(Invariant(contract.RECORD, stays),),
        operations=(
            Handler(contract.REPORT, partial(handling.report, terms)),
            Handler(contract.ADVANCE, partial(handling.advance, terms)),
            Handler(contract.ASK, partial(asking.ask, settings.rights_working_days)),
            Handler(contract.ANSWER, asking.answer),
            Handler(contract.ASK_COPY, copying.ask),
            Handler(contract.JUDGE_COPY, copying.judge),
            Handler(contract.FETCH_COPY, copying.fetch),
            Handler(contract.ENTER, entering.enter),
            Handler(contract.END, entering.end),
        ),
        grants=rights_of.GRANTS,
        pages=(*_everybody(settings), *_officer(terms), *_askers()),
        jobs=(
            Job(contract.TELL, partial(jobs.tell, terms), retries=5),
            Job(contract.REMIND, partial(jobs.look, terms), every="*/10 * * * *"),
        ),
        templates="xinglin.capabilities.privacy:templates",
    )


def _everybody(settings: Settings) -> tuple[Page, ...]:
    processor = Processor(settings.processor, settings.processor_contact)
    return (
        Page(contract.PUBLIC, contract.NOTICE, show=partial(notice.show, processor), send=notice.send),
        Page(
            RESIDENT,
            rights.OWN,
            show=rights.show_own,
            send=rights.send_own,
            menu=Text("我的个人信息", "My data"),
            icon="shield-lock",
            tab="me",
            order=85,
        ),
    )


def _askers() -> tuple[Page, ...]:
    clinicians = frozenset(rights_of.ASKERS) - {"researcher"}
    return tuple(
        page
        for portal, path, roles in (
            (RESEARCH, asking_copies.RESEARCH, frozenset({"researcher"})),
            (CLINIC, asking_copies.CLINIC, clinicians),
        )
        for page in (
            Page(
                portal,
                path,
                show=asking_copies.show,
                send=asking_copies.send,
                menu=asking_copies.TITLE,
                icon="copy",
                order=95,
                roles=roles,
            ),
            Page(portal, path + "/{id}/file", show=asking_copies.file, roles=roles),
        )
    )


def _officer(terms: Terms) -> tuple[Page, ...]:
    at = SECURITY
    return (
        Page(
            at,
            incidents.LIST,
            show=partial(incidents.show, terms),
            menu=incidents.TITLE,
            icon="alert-triangle",
            badge=incidents.waiting,
        ),
        Page(at, incidents.LIST + "/new", show=incidents.show_new, send=incidents.send_new),
        Page(
            at,
            incidents.LIST + "/{id}",
            show=partial(incidents.show_one, terms),
            send=partial(incidents.send_one, terms),
        ),
        Page(
            at,
            rights.DESK,
            show=rights.show_desk,
            send=rights.send_desk,
            menu=Text("权利请求", "Requests of rights"),
            icon="mail",
            badge=rights.waiting,
        ),
        Page(
            at,
            copies.LIST,
            show=copies.show,
            send=copies.send,
            menu=copies.TITLE,
            icon="copy",
            badge=copies.waiting,
        ),
        Page(at, registers.LIST, show=registers.show, send=registers.send, menu=registers.TITLE, icon="clipboard-list"),
        Page(at, registers.NEW, show=registers.show_new, send=registers.send_new),
    )
