"""Everything that feedback adds."""

from typing import Final

from xinglin.capabilities.feedback import contract, jobs, policy
from xinglin.capabilities.feedback.operations import complaining, rating
from xinglin.capabilities.feedback.pages import desk, mine, shown
from xinglin.capabilities.feedback.rules import complaints, ratings
from xinglin.fhir.declarations import Text
from xinglin.registry import COMMISSION, INSTITUTION, RESIDENT, Capability, Exclusive, Handler, Invariant, Job, Page
from xinglin.settings import Settings

TITLE: Final = Text("评价与投诉", "Feedback")
STAFF: Final = frozenset({"system-admin", "receptionist"})


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="feedback",
        title=TITLE,
        needs=("billing", "notifications"),
        code_sets=(contract.TASKS, contract.STATES, contract.CATEGORIES, contract.DECLINED),
        profiles=(contract.RATING, contract.COMPLAINT),
        invariants=(Invariant(contract.COMPLAINT, complaints.kept),),
        exclusives=(Exclusive(contract.RATING, ratings.alone, "rating-twice"),),
        operations=(
            Handler(contract.RATE, rating.rate),
            Handler(contract.COMPLAIN, complaining.complain),
            Handler(contract.TAKE, complaining.take),
            Handler(contract.REPLY, complaining.answer),
            Handler(contract.CONFIRM, complaining.confirm),
        ),
        grants=policy.GRANTS,
        pages=_pages(),
        jobs=(
            Job(contract.REMIND, jobs.remind, every="08:00 Asia/Shanghai"),
            Job(contract.GIVE_BACK, jobs.give_back, retries=8),
        ),
        notices=(contract.RECEIVED, contract.DUE, contract.ANSWERED),
        templates="xinglin.capabilities.feedback:templates",
    )


def _pages() -> tuple[Page, ...]:
    own, here, everywhere = contract.OWN, contract.DESK, contract.COMMISSION_LIST
    return (
        Page(RESIDENT, own, show=mine.show, menu=mine.TITLE, icon="notes", tab="me", order=70),
        Page(RESIDENT, f"{own}/new", show=mine.show_new, send=mine.send_new),
        Page(RESIDENT, f"{own}/rate/{{visit}}", show=mine.show_rating, send=mine.send_rating),
        Page(RESIDENT, f"{own}/{{id}}", show=mine.show_one, send=mine.send_one),
        Page(
            INSTITUTION,
            here,
            show=desk.show,
            menu=shown.TITLE,
            icon="notes",
            order=65,
            roles=STAFF,
            badge=desk.waiting,
        ),
        Page(INSTITUTION, f"{here}/{{id}}", show=desk.show_one, send=desk.send_one, roles=STAFF),
        Page(COMMISSION, everywhere, show=desk.show_all, menu=shown.TITLE, icon="notes", order=26),
        Page(COMMISSION, f"{everywhere}/{{id}}", show=desk.show_any),
    )
