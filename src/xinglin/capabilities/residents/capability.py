"""Everything that residents add."""

from functools import partial

from xinglin.capabilities.residents import contract, jobs, policy
from xinglin.capabilities.residents.operations import cards, matching, records, register
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Job
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    zone = settings.zone
    terms = cards.Terms(settings.card_minutes, settings.card_uses)
    return Capability(
        name="residents",
        title=Text("居民主索引与健康卡", "Residents"),
        code_sets=(contract.CLOSED, contract.CHECKS),
        profiles=(contract.DUPLICATE_CANDIDATE,),
        operations=(
            Handler(contract.REGISTER, partial(register.register, zone=zone)),
            Handler(contract.REGISTER_NEWBORN, partial(register.register_newborn, zone=zone)),
            Handler(contract.MATCH, partial(matching.match, zone=zone)),
            Handler(contract.OPEN_RECORD, partial(records.open_record, zone=zone)),
            Handler(contract.CLOSE_RECORD, partial(records.close_record, zone=zone)),
            Handler(contract.REOPEN_RECORD, records.reopen_record),
            Handler(contract.SHOW_CARD, partial(cards.show, terms=terms)),
            Handler(contract.VERIFY_CARD, partial(cards.verify, terms=terms)),
        ),
        grants=policy.grants(settings),
        jobs=(
            Job(contract.FIND_DUPLICATES, partial(jobs.find_duplicates, zone=zone), every="02:40 Asia/Shanghai"),
            Job(contract.FORGET_CARDS, jobs.forget_cards, every="03:10 Asia/Shanghai"),
        ),
    )
