"""Accounts of the demonstration: one for each role, bound to its invented people. They have no secrets.

They are entered by one click, which only a server in demo mode on loopback offers; any other refuses them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xinglin.settings import Settings
    from xinglin.store.door import UnitOfWork

PREFIX: Final = "demo-"


@dataclass(frozen=True, slots=True)
class Person:
    """Who plays a role. practitioner: id of a doctor of the demonstration, or empty: one is made."""

    name: str
    practitioner: str = ""
    organization: str | None = None


STAFF: Final = {
    "physician": Person("王建国", "doctor-1", "jz-people"),
    "village-doctor": Person("赵明华", "doctor-7", "xx-centre"),
    "family-doctor": Person("杨春梅", "doctor-6", "mz-centre"),
    "public-health": Person("周婷婷", "doctor-8", "mz-centre"),
    "nurse": Person("孙晓燕", organization="jz-people"),
    "pharmacist": Person("何志远", organization="jz-people"),
    "technician": Person("马丽娜", organization="jz-people"),
    "receptionist": Person("高雨欣", organization="jz-people"),
    "retail-pharmacist": Person("罗建平", organization="mz-centre"),
    "insurer": Person("徐慧敏"),
    "regulator": Person("朱国栋"),
    "researcher": Person("林思远"),
    "system-admin": Person("胡伟"),
    "security-admin": Person("郭静"),
    "audit-admin": Person("吴刚"),
}
# Those who treat or handle patients have a Practitioner of their own; administrators and officers have none.
CARING: Final = frozenset({"nurse", "pharmacist", "technician", "receptionist", "retail-pharmacist"})


async def seed(settings: "Settings") -> None:
    """Make the accounts that are missing; safe to run again."""
    from xinglin.app import create_registry, open_door
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        async with door.work(SYSTEM) as work:
            for role, person in STAFF.items():
                await _staff(work, role, person)
            await _resident(work)
    finally:
        await door.store.close()


async def are_there(settings: "Settings") -> bool:
    """Tell whether the people to whom the accounts are bound have been loaded."""
    from xinglin.app import create_registry, open_door

    door = await open_door(settings, create_registry(settings))
    try:
        return None not in await door.store.get_many([("Practitioner", "doctor-8"), ("Patient", "resident-24")])
    finally:
        await door.store.close()


async def _staff(work: "UnitOfWork", role: str, person: Person) -> None:
    from xinglin.store.identity import accounts
    from xinglin.store.identity.accounts import Assignment

    practitioner = person.practitioner or (f"{PREFIX}{role}" if role in CARING else "")
    id = await _account(work, role, person.name, "staff", f"Practitioner/{practitioner}" if practitioner else None)
    if id is None:
        return
    if role in CARING:
        await _practitioner(work, practitioner, person)
    await accounts.assign(
        work.executor,
        Assignment(
            id,
            work.new_id(),
            role,
            work.now,
            "demonstration",
            organization=f"Organization/{person.organization}" if person.organization else None,
            practitioner_role=f"PractitionerRole/{practitioner}-role" if practitioner else None,
        ),
    )


async def _resident(work: "UnitOfWork") -> None:
    """Make the resident, who is proved by face, and acts for a child as well."""
    from xinglin.store.identity import accounts, dependants, sealed
    from xinglin.store.identity.dependants import Dependant

    adult, child = people()
    id = await _account(work, "resident", adult[1], "resident", f"Patient/{adult[0]}")
    if id is None:
        return
    name = sealed.seal(work.vault, sealed.name_place(id), adult[1])
    await accounts.prove(work.executor, id, level="L2", person=f"Patient/{adult[0]}", name=name)
    one = work.new_id()
    place = f"dependant/{id}/{one}"
    await dependants.add(
        work.executor,
        Dependant(
            account=id,
            id=one,
            relation="child",
            state="bound",
            patient=f"Patient/{child[0]}",
            name=sealed.seal(work.vault, f"{place}/name", child[1]),
            born=sealed.seal(work.vault, f"{place}/born", child[2]),
            until=datetime.fromisoformat(child[2]).replace(tzinfo=UTC) + timedelta(days=18 * 365.25),
            made=work.now,
        ),
    )


def people() -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Choose the resident and the child of the demonstration: id, name, day of birth."""
    from xinglin.cli.demonstration import TODAY, resources

    found = [
        (str(one["id"]), str(one["name"][0]["text"]), str(one["birthDate"]))  # type: ignore[index]
        for one in resources()
        if one["resourceType"] == "Patient"
    ]
    of_age = (TODAY - timedelta(days=round(30 * 365.25))).isoformat()
    young = (TODAY - timedelta(days=round(12 * 365.25))).isoformat()
    return next(one for one in found if one[2] < of_age), next(one for one in found if one[2] > young)


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


async def _practitioner(work: "UnitOfWork", id: str, person: Person) -> None:
    import msgspec

    given = {
        "resourceType": "Practitioner",
        "id": id,
        "active": True,
        "name": [{"use": "official", "text": person.name, "family": person.name[0], "given": [person.name[1:]]}],
    }
    place = {
        "resourceType": "PractitionerRole",
        "id": f"{id}-role",
        "active": True,
        "practitioner": {"reference": f"Practitioner/{id}", "display": person.name},
        "organization": {"reference": f"Organization/{person.organization}"},
    }
    for resource in (given, place):
        type = str(resource["resourceType"])
        await work.fhir.update(msgspec.json.encode(resource), type=type, id=str(resource["id"]))
