"""Find a person, from the box on top of every page."""

from urllib.parse import quote

from xinglin.capabilities.health_records.contract import RECORDS, record
from xinglin.capabilities.residents.contract import CHECK_CARD, DESK_ROLES, PERSON_PAGE, REGISTER_PAGE
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork
from xinglin.web import persons
from xinglin.web.view import Form, View


async def show(work: UnitOfWork, form: Form) -> View:
    """Show whom a text finds; without a text, whom the reader looked at lately."""
    sought = await persons.find(work, form["q"], form.language)
    recent = await persons.recent(work, form.language) if sought.kind == "nothing" else ()
    return View(
        "portals/people.html",
        {
            "sought": sought,
            "found": _linked(work.principal, sought.people),
            "recent": _linked(work.principal, recent),
            "card": CHECK_CARD,
            "register": REGISTER_PAGE if work.principal.roles & DESK_ROLES else "",
        },
        block="results",
    )


def address(principal: Principal, id: str) -> str:
    """Give where one goes on with a person: the record for who treats, the registration for who registers."""
    if principal.roles & RECORDS.roles:
        return record(id)
    return PERSON_PAGE.format(id=quote(id)) if principal.roles & DESK_ROLES else ""


def _linked(principal: Principal, people: tuple[persons.Person, ...]) -> list[tuple[str, persons.Person]]:
    return [(address(principal, one.id), one) for one in people]
