"""The internet hospital of the synthetic city: it passes its checklist, and its patient is seen online."""

import json
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door
from tests.capabilities.internet_hospital import clinic
from xinglin.capabilities.billing.contract import PAID
from xinglin.capabilities.directory.contract import ACTIVATE, CHECK_READINESS, Hospital
from xinglin.capabilities.internet_hospital import contract, jobs
from xinglin.capabilities.internet_hospital.contract import Request, Visit
from xinglin.capabilities.internet_hospital.operations import asking, reading
from xinglin.capabilities.internet_hospital.rules import wording
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.capabilities.practitioners.rules import results
from xinglin.city import institutions, internet, staff, today
from xinglin.city.lives import of_household
from xinglin.city.people import SHOWN_DIZZY, household, plan
from xinglin.city.spec import CitySpec
from xinglin.fhir import wire
from xinglin.security.principal import SYSTEM, Principal
from xinglin.security.verification import Verdict
from xinglin.simulators.practitioners import Register
from xinglin.store.door import Door
from xinglin.store.store import Store

HOST = "jz-renmin"
HEALTH = {"Patient", "Encounter", "Condition"}


def online(spec: CitySpec, now: datetime) -> list[dict[str, Any]]:
    """Give what online care needs of the city: both hospitals, the staff online, and the patient with the record."""
    place = next(islice(plan(spec), SHOWN_DIZZY, None))
    doctors = [one for one in staff.workers() if one.institution.id == HOST and one.department in internet.ONLINE]
    chemists = [one for one in staff.workers() if one.institution.id == HOST and one.role == "pharmacist"]
    lived = [one for one in of_household(spec, household(spec, place)) if one["resourceType"] in HEALTH]
    named = {one.get("serviceProvider", {}).get("reference", "") for one in lived} | {f"Organization/{HOST}"}
    return [
        *(
            one
            for one in institutions.resources()
            if f"Organization/{one['id']}" in named or one.get("partOf", {}).get("reference") == f"Organization/{HOST}"
        ),
        *internet.resources(spec.until),
        *(made for one in (*doctors, *chemists) for made in (staff.practitioner(one), staff.role(one))),
        *lived,
        # The register has answered before; in the demonstration its simulator does.
        wire.to_dict(
            results.result(
                f"Practitioner/{today.shown().id}",
                Verdict("valid"),
                now,
                occasion="periodic",
                asked="-",
                operator="s",
                presence=None,
            )
        )
        | {"id": "v1"},
    ]


@pytest.fixture
async def clock_and_door(store: Store) -> tuple[Door, Stopped]:
    return open_door(store)


@pytest.mark.rule("R1-020", "R1-043", "R1-042")
async def test_the_citys_internet_hospital_is_ready_and_sees_its_patient(clock_and_door: tuple[Door, Stopped]) -> None:
    door, clock = clock_and_door
    spec = CitySpec(200, 410800, 2, reading.today(clock.moment))
    await clinic.put(door, *online(spec, clock.moment))
    async with door.work(SYSTEM) as work:
        said = await work.fhir.operate(CHECK_READINESS, Hospital(internet.ID))
        assert [one.details.text for one in said.issue or () if one.details] == ["Every mandatory item is met."]
        assert (await work.fhir.operate(ACTIVATE, Hospital(internet.ID))).active
        (at,) = await reading.hospitals(work)
        assert set(at.departments) == set(internet.ONLINE)
        assert all([await reading.doctors(work, at, code) for code in internet.ONLINE])

    head = household(spec, next(islice(plan(spec), SHOWN_DIZZY, None))).people[0]
    assert head.village.county_name == "修武县"
    who = Principal(
        "dizzy",
        frozenset({"resident"}),
        patient=f"Patient/{head.id}",
        patients=(f"Patient/{head.id}",),
        purpose="PATRQT",
        level="L2",
    )
    async with door.work(who) as work:
        seen = [one for one in await asking.shown(work, head.id) if one.diagnoses[0][1].startswith("I10")]
        newest = seen[0]
        assert newest.physical
        assert newest.on == spec.until - timedelta(days=40)
        given = Request(
            head.id,
            at.reference,
            "03.04",
            "头晕，血压药快吃完了",
            encounters=(newest.encounter[10:],),
            agreed=contract.NEEDED,
            version=wording.current().version,
        )
        visit = await work.fhir.operate(contract.REQUEST, given)

    async with door.work(SYSTEM) as work:
        await jobs.settled(work, "-", f"Encounter/{visit.id}", PAID, terms=Terms())

    shown = today.shown()
    doctor = Principal(
        "shown",
        frozenset({"physician"}),
        practitioner=f"Practitioner/{shown.id}",
        organization=f"Organization/{HOST}",
        strong=True,
        display=shown.name,
    )
    async with door.work(await clinic.signed_in(door, doctor)) as work:
        await work.fhir.operate(contract.ACCEPT, Visit(str(visit.id)))
    assert json.loads((await door.auto(SYSTEM).read("Encounter", str(visit.id))).body())["status"] == "arrived"


def test_the_simulated_register_knows_the_doctor_who_is_shown() -> None:
    register = Register()
    for one in staff.practitioner(today.shown())["qualification"]:
        kind, number = one["code"]["coding"][0]["code"], one["identifier"][0]["value"]
        (answer,) = register.query({"certificates": [{"kind": kind, "certificateNo": number}]})["certificates"]
        assert answer["status"] == "1", kind
