"""Everything that residents add."""

from functools import partial

from xinglin.capabilities.residents import contract, jobs, policy
from xinglin.capabilities.residents.operations import cards, handovers, matching, records, register
from xinglin.capabilities.residents.pages import card, desk
from xinglin.capabilities.residents.pages import handovers as handing
from xinglin.capabilities.residents.rules.handovers import held
from xinglin.fhir.declarations import Text
from xinglin.matching.model import specification
from xinglin.registry import RESIDENT, Capability, Exclusive, Handler, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    zone = settings.zone
    terms = cards.Terms(settings.card_minutes, settings.card_uses)
    match = matching.Terms(zone, specification(settings.matching_weights))
    return Capability(
        name="residents",
        title=Text("居民主索引与健康卡", "Residents"),
        code_sets=(contract.CLOSED, contract.CHECKS),
        profiles=(contract.DUPLICATE_CANDIDATE, contract.RECORD_HANDOVER),
        notices=(contract.HANDOVER_ASKED, contract.HANDOVER_ANSWERED, contract.RECORD_MOVED),
        needs=("notifications",),
        exclusives=(Exclusive(contract.RECORD_HANDOVER, held, "handover-waits"),),
        operations=(
            Handler(contract.REGISTER, partial(register.register, terms=match)),
            Handler(contract.REGISTER_NEWBORN, partial(register.register_newborn, terms=match)),
            Handler(contract.MATCH, partial(matching.match, terms=match)),
            Handler(contract.OPEN_RECORD, partial(records.open_record, zone=zone)),
            Handler(contract.CLOSE_RECORD, partial(records.close_record, zone=zone)),
            Handler(contract.REOPEN_RECORD, records.reopen_record),
            Handler(contract.REQUEST_HANDOVER, handovers.request),
            Handler(contract.DECIDE_HANDOVER, partial(handovers.decide, days=settings.handover_days)),
            Handler(contract.SHOW_CARD, partial(cards.show, terms=terms)),
            Handler(contract.VERIFY_CARD, partial(cards.verify, terms=terms)),
        ),
        grants=policy.grants(settings),
        pages=_pages(settings, match),
        templates="xinglin.capabilities.residents:templates",
        jobs=(
            Job(contract.FIND_DUPLICATES, partial(jobs.find_duplicates, terms=match), every="02:40 Asia/Shanghai"),
            Job(contract.FORGET_CARDS, jobs.forget_cards, every="03:10 Asia/Shanghai"),
        ),
    )


def _pages(settings: Settings, match: matching.Terms) -> tuple[Page, ...]:
    at = contract.DESK
    return (
        Page(
            RESIDENT,
            contract.OWN_CARD,
            show=partial(card.show_own, settings.card_minutes),
            menu=Text("健康卡", "Health card"),
            icon="qrcode",
            tab="me",
            order=10,
        ),
        Page(
            contract.SCANNING,
            contract.CHECK_CARD,
            show=card.show_check,
            send=card.send_check,
            menu=Text("核验健康卡", "Check a card"),
            icon="qrcode",
        ),
        Page(
            at,
            contract.REGISTER_PAGE,
            show=desk.show_register,
            send=partial(desk.send_register, terms=match),
            menu=Text("实名登记", "Register a person"),
            icon="id",
            covers=(contract.NEWBORN_PAGE,),
        ),
        Page(
            contract.HANDING,
            contract.HANDOVERS,
            show=handing.show_list,
            menu=Text("档案移交", "Hand-overs"),
            icon="file-text",
        ),
        Page(
            contract.HANDING,
            contract.NEW_HANDOVER,
            show=handing.show_new,
            send=handing.send_new,
            roles=contract.ASKING_ROLES | {"developer"},
        ),
        Page(contract.HANDING, contract.HANDOVERS + "/{id}", show=handing.show_one, send=handing.send_one),
        Page(at, contract.NEWBORN_PAGE, show=desk.show_newborn, send=desk.send_newborn),
        Page(at, contract.PERSON_PAGE, show=desk.show_person, send=desk.send_person),
    )
