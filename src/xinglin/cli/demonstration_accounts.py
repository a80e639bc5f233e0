"""Accounts of the demonstration: one for each role, bound to people of the synthetic city. They have no secrets.

They are entered by one click, which only a server in demo mode on loopback offers; any other refuses them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from xinglin.city import staff, today
from xinglin.city.people import SHOWN_DIZZY, household, plan
from xinglin.cli.demonstration import UNTIL, specification

if TYPE_CHECKING:
    from xinglin.city.people import Person as Resident
    from xinglin.settings import Settings
    from xinglin.store.door import UnitOfWork

PREFIX: Final = "demo-"


@dataclass(frozen=True, slots=True)
class Person:
    """Who plays a role. worker: of the city's staff, None for those who have no part in care."""

    name: str
    organization: str | None = None
    worker: staff.Worker | None = None


def _worker(institution: str, role: str) -> Person:
    found = staff.first(institution, role)
    return Person(found.name, institution, found)


def _shown() -> Person:
    found = today.shown()
    return Person(found.name, found.institution.id, found)


# Those who treat or handle patients are of the city's staff; administrators and officers have a Practitioner of a name
# alone, without a place of work, so that messages reach them.
STAFF: Final = {
    "physician": _shown(),
    "village-doctor": _worker("jf-002-clinic", "village-doctor"),
    "family-doctor": _worker("jf-002-centre", "family-doctor"),
    "public-health": _worker("jf-002-centre", "public-health"),
    "nurse": _worker("jz-renmin", "nurse"),
    "pharmacist": _worker("jz-renmin", "pharmacist"),
    "technician": _worker("jz-renmin", "technician"),
    "receptionist": _worker("jz-renmin", "receptionist"),
    "retail-pharmacist": _worker("jz-pharmacy-1", "retail-pharmacist"),
    "insurer": Person("徐慧敏", "jz-insurance"),
    "regulator": Person("朱国栋", "jz-commission"),
    "researcher": Person("林思远"),
    "system-admin": Person("胡伟", "jz-renmin"),
    "security-admin": Person("郭静"),
    "audit-admin": Person("吴刚"),
}


async def seed(settings: "Settings", until: date = UNTIL, *, seek: bool = False) -> None:
    """Make the accounts that are missing; safe to run again. until: the last day of the city that was loaded.

    seek: the worker looks at once for second records and for what is wrong in the records, which it else does at night,
    so that the desk has work and institutions have scores.
    """
    from xinglin.app import create_registry, open_door
    from xinglin.capabilities.quality.contract import LOOK
    from xinglin.capabilities.residents.contract import FIND_DUPLICATES
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        async with door.work(SYSTEM) as work:
            for role, person in STAFF.items():
                await _staff(work, role, person)
            await _resident(work, until)
            await _proved(work, "patient", patient(until))
            if seek:
                await work.defer(FIND_DUPLICATES)
                await work.defer(LOOK)
    finally:
        await door.store.close()


async def _staff(work: "UnitOfWork", role: str, person: Person) -> None:
    from xinglin.store.identity import accounts
    from xinglin.store.identity.accounts import Assignment

    practitioner = person.worker.id if person.worker is not None else f"demo-{role}"
    id = await _account(work, role, person.name, "staff", f"Practitioner/{practitioner}")
    if id is None:
        return
    if person.worker is not None:
        await _practitioner(work, person.worker)
    else:
        await _officer(work, practitioner, person.name)
    await accounts.assign(
        work.executor,
        Assignment(
            id,
            work.new_id(),
            role,
            work.now,
            "demonstration",
            organization=f"Organization/{person.organization}" if person.organization else None,
            practitioner_role=f"PractitionerRole/{practitioner}-role" if person.worker is not None else None,
        ),
    )


async def _resident(work: "UnitOfWork", until: date = UNTIL) -> None:
    """Make the resident, who is proved by face, and acts for a child and an aged mother as well."""
    adult, *others = people(until)
    id = await _proved(work, "resident", adult)
    if id is None:
        return
    for relation, (patient, called, born) in zip(("child", "parent"), others, strict=True):
        await _dependant(work, id, relation, patient, called, born)


async def _proved(work: "UnitOfWork", login: str, told: tuple[str, str, str]) -> str | None:
    """Make the account of a resident who is proved by face; give its id, None when it was there."""
    from xinglin.store.identity import accounts, sealed

    patient, called, _ = told
    id = await _account(work, login, called, "resident", f"Patient/{patient}")
    if id is not None:
        name = sealed.seal(work.vault, sealed.name_place(id), called)
        await accounts.prove(work.executor, id, level="L2", person=f"Patient/{patient}", name=name)
    return id


async def _dependant(work: "UnitOfWork", id: str, relation: str, patient: str, name: str, born: str) -> None:
    from xinglin.store.identity import dependants, sealed
    from xinglin.store.identity.dependants import Dependant

    one = work.new_id()
    place = f"dependant/{id}/{one}"
    of_age = datetime.fromisoformat(born).replace(tzinfo=UTC) + timedelta(days=18 * 365.25)
    await dependants.add(
        work.executor,
        Dependant(
            account=id,
            id=one,
            relation=relation,
            state="bound",
            patient=f"Patient/{patient}",
            name=sealed.seal(work.vault, f"{place}/name", name),
            born=sealed.seal(work.vault, f"{place}/born", born),
            # Of an aged parent it is looked at again after some years.
            until=of_age if of_age > work.now else work.now + timedelta(days=5 * 365.25),
            made=work.now,
        ),
    )


def people(until: date = UNTIL) -> tuple[tuple[str, str, str], tuple[str, str, str], tuple[str, str, str]]:
    """Choose the resident, the child and the mother of the demonstration: id, name, day of birth."""
    spec = specification(until)
    house = household(spec, next(plan(spec)))
    by_role = {one.role: one for one in house.people}
    adult, child, mother = (by_role[role] for role in ("head", "child", "mother"))
    return _told(adult), _told(child), _told(mother)


def patient(until: date = UNTIL) -> tuple[str, str, str]:
    """Choose who asks for an online visit: a resident of 修武县 whose hypertension a hospital has diagnosed."""
    spec = specification(until)
    place = next(islice(plan(spec), SHOWN_DIZZY, None))
    return _told(next(one for one in household(spec, place).people if one.role == "head"))


def _told(one: "Resident") -> tuple[str, str, str]:
    return one.id, one.name, one.born.isoformat()


async def _account(work: "UnitOfWork", role: str, name: str, kind: str, person: str | None) -> str | None:
    """Make an account; give its id, None when it was there."""
    from xinglin.store.identity import accounts, sealed
    from xinglin.store.identity.accounts import Account

    login = PREFIX + role
    digest = work.vault.digest("login", login)
    if await accounts.by_handle(work.executor, "login", digest) is not None:
        return None
    id = work.new_id()
    account = Account(
        id,
        kind,
        "active",
        sealed.seal(work.vault, sealed.name_place(id), name),
        work.now,
        login=login,
        person=person,
        demo=True,
    )
    await accounts.add(work.executor, account, {"login": digest})
    return id


async def _officer(work: "UnitOfWork", id: str, name: str) -> None:
    """Write somebody who treats nobody."""
    import msgspec

    person = {"resourceType": "Practitioner", "id": id, "active": True, "name": [{"text": name}]}
    await work.fhir.update(msgspec.json.encode(person), type="Practitioner", id=id)


async def _practitioner(work: "UnitOfWork", worker: staff.Worker) -> None:
    """Write the practitioner and the role as the city has them: nothing happens where it is loaded."""
    import msgspec

    for resource in (staff.practitioner(worker), staff.role(worker)):
        type, id = str(resource["resourceType"]), str(resource["id"])
        await work.fhir.update(msgspec.json.encode(resource), type=type, id=id)
