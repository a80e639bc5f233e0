"""Tell practitioners that a certificate ends."""

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.practitioners.contract import ENDING
from xinglin.capabilities.practitioners.operations.people import Person, today
from xinglin.capabilities.practitioners.rules.states import ending
from xinglin.store.door import UnitOfWork


async def remind_of(work: UnitOfWork, person: Person) -> None:
    """Send the message of each certificate that ends soon, once 60 and once 30 days before."""
    reference = person.standing.reference
    sender = next((site.organization for site, _ in person.sites if site.active), "")
    for one, last, days in ending(person.standing, today(work.now)):
        key = f"credential {reference} {one.kind} {last.isoformat()} {days}"
        parameters = (f"day={last.isoformat()}",)
        await work.platform.operate(NOTIFY, Notice(ENDING.code, reference, parameters, reference, key, sender))
