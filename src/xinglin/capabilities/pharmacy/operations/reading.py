"""What an act needs to know, read from the record: the prescription and its supply, stock, pharmacies, people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.rules import sheets, supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.sources import cites
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import Site, Standing, site_holds
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.cells import named
from xinglin.web.format import today

Json = dict[str, Any]
MOST: Final = 100
KIND: Final = f"{contract.TASKS.system}|{contract.DISPENSE_CODE}"
RETAIL: Final = "bus"
NUMBERS: Final = prescriptions.NUMBERS


@dataclass(slots=True)
class Supply:
    """A supply, in the version it was read, with its prescription; both held until the end of the transaction."""

    task: Json
    version: int
    prescription: Json

    @property
    def id(self) -> str:
        """The logical id of the Task."""
        return str(self.task["id"])

    @property
    def prescription_id(self) -> str:
        """The logical id of the RequestGroup."""
        return str(self.prescription["id"])

    @property
    def state(self) -> str:
        """The state of the prescription."""
        return supplies.state_of(self.prescription)

    @property
    def owner(self) -> str:
        """The pharmacy, as a reference."""
        return str(self.task["owner"]["reference"])

    @property
    def number(self) -> str:
        """The number of the prescription."""
        return str(self.task["groupIdentifier"].get("value", ""))


async def prescription(work: UnitOfWork, id: str) -> Json:
    """Read a prescription by the platform, and hold it: whoever acts on a supply stands in line here."""
    document: Json = document_of((await work.platform.read("RequestGroup", id, lock=True)).body())
    return document


async def own(work: UnitOfWork, id: str) -> Supply:
    """Read and hold a supply of the caller's own pharmacy; OutcomeError 404 of another's."""
    row = await work.platform.read("Task", id)
    task = document_of(row.body())
    if task.get("owner", {}).get("reference") != (work.principal.organization or "none") or "focus" not in task:
        raise OutcomeError(not_found("Task", id))
    return await held(work, id, task["focus"]["reference"].removeprefix("RequestGroup/"))


async def held(work: UnitOfWork, id: str, prescription_id: str) -> Supply:
    """Read and hold a supply: first its prescription, then itself, so that nobody waits for another in a circle."""
    known = await prescription(work, prescription_id)
    row = await work.platform.read("Task", id, lock=True)
    task = document_of(row.body())
    if not any(one == contract.DISPENSE.url for one in task.get("meta", {}).get("profile", ())):
        raise OutcomeError(not_found("Task", id))
    return Supply(task, row.vid, known)


async def standing(work: UnitOfWork, prescription_id: str) -> Json | None:
    """Give the supply that holds a prescription, whoever has it; None when nobody does."""
    found = await work.platform.find(
        "Task",
        focus=f"RequestGroup/{prescription_id}",
        code=KIND,
        status=",".join(sorted(supplies.STANDING)),
        _count="1",
    )
    return next((document_of(row.body()) for row in found.matches), None)


async def delivery(work: UnitOfWork, supply: str) -> Json | None:
    """Give to whom a supply (logical id) is sent; None when it is picked up."""
    page = await work.platform.find("SupplyDelivery", identifier=f"{contract.DELIVERIES}|{supply}", _count="1")
    return next((document_of(row.body()) for row in page.matches), None)


async def lines(work: UnitOfWork, prescription_: Json) -> list[Json]:
    """Read the lines of a prescription in their order."""
    found = []
    for one in prescription_.get("action", ()):
        id = one["resource"]["reference"].removeprefix("MedicationRequest/")
        found.append(document_of((await work.platform.read("MedicationRequest", id)).body()))
    return found


async def stocks(
    work: UnitOfWork, codes: Iterable[str], pharmacy: str = ""
) -> Mapping[str, Mapping[str, sheets.Stock]]:
    """Give what pharmacies have of some drugs and slices, by reference of the pharmacy and code. pharmacy: of one."""
    wanted = ",".join(f"{_system(code)}|{code}" for code in dict.fromkeys(codes) if code)
    found: dict[str, dict[str, sheets.Stock]] = {}
    if not wanted:
        return found
    pairs = [("code", f"{contract.STOCK_CODES.system}|stock"), ("code", wanted), ("_count", "1000")]
    pairs += [("subject", pharmacy)] if pharmacy else []
    asked = parse("Basic", pairs, strict=True, base_url=work.door.base_url)
    for row in (await work.platform.search(asked)).matches:
        basic = document_of(row.body())
        code, stock = sheets.stock_of(basic)
        found.setdefault(basic["subject"]["reference"], {})[code] = stock
    return found


def _system(code: str) -> str:
    return prescriptions.SLICES if code.startswith("Z") else prescriptions.DRUGS


async def organization(work: UnitOfWork, reference: str) -> Json:
    """Read an institution."""
    row = await work.platform.read("Organization", reference.removeprefix("Organization/"))
    document: Json = document_of(row.body())
    return document


def is_retail(organization_: Json) -> bool:
    """Tell whether an institution is a shop, not a hospital."""
    return any(one.get("code") == RETAIL for kind in organization_.get("type", ()) for one in kind.get("coding", ()))


async def credentials(work: UnitOfWork, who: str) -> tuple[Standing, tuple[Site, ...]]:
    """Read what somebody's certificates and places of work say; by the platform, as colleagues see them masked."""
    row = await work.platform.read("Practitioner", who.removeprefix("Practitioner/"))
    standing_ = standing_of(codec.decode(row.body(), "Practitioner"))
    page = await work.platform.find("PractitionerRole", practitioner=who, _count=str(MOST))
    return standing_, tuple(site_of(codec.decode(one.body(), "PractitionerRole")) for one in page.matches)


async def colleagues(work: UnitOfWork, pharmacy: str) -> dict[str, str]:
    """Give who works at a pharmacy as a pharmacist: reference and name."""
    roles = "https://xinglin.health/fhir/CodeSystem/role|"
    page = await work.platform.find(
        "PractitionerRole",
        organization=pharmacy,
        role=f"{roles}pharmacist,{roles}retail-pharmacist",
        active="true",
        _count=str(MOST),
        _include="PractitionerRole:practitioner",
    )
    day = today(work.now)
    here = {
        one["practitioner"]["reference"]
        for row in page.matches
        if site_holds(site_of(codec.decode(row.body(), "PractitionerRole")), day)
        and (one := document_of(row.body())).get("practitioner")
    }
    people = {f"Practitioner/{row.id}": named(document_of(row.body())) for row in page.included}
    return {reference: people.get(reference, "") for reference in sorted(here)}


@cites("R3-080")
async def move(work: UnitOfWork, supply: Supply, state: str) -> None:
    """Bring a prescription and, where that ends it, its lines into a state, and tell the pages that show it."""
    before = supplies.STATUS.get(supply.state, ("", "active"))[1]

    def header(document: Json) -> Json:
        return supplies.moved(document, state)

    def line(document: Json) -> Json:
        return document | {"status": supplies.STATUS[state][1]}

    await work.platform.patch(header, type="RequestGroup", id=supply.prescription_id)
    if supplies.STATUS[state][1] != before:
        for one in supply.prescription.get("action", ()):
            id = one["resource"]["reference"].removeprefix("MedicationRequest/")
            await work.platform.patch(line, type="MedicationRequest", id=id)
    supply.prescription = supplies.moved(supply.prescription, state)
    await work.announce(prescriptions.topic(supply.prescription_id))


async def keep(work: UnitOfWork, supply: Supply, task: Json) -> None:
    """Write a supply as it is now, and tell the pharmacy's desk."""
    written = await work.platform.update(bytes_of(task), type="Task", id=supply.id, if_match=supply.version)
    supply.task, supply.version = task, written.vid
    await work.announce(contract.desk_topic(supply.owner))
    await work.announce(prescriptions.topic(supply.prescription_id))


def ready(supply: Supply, key: str, code: str) -> bool:
    """Tell whether an act was done before under its key; refuse a key that stands for another (ADR 101)."""
    refuse(supplies.misused(supply.task, key, code))
    return supplies.answered(supply.task, key, code)


def until_of(prescription_: Json) -> datetime | None:
    """Give the last second in which a prescription holds."""
    until = sheets.value(prescription_, prescriptions.VALID_UNTIL, "")
    return datetime.fromisoformat(until) if until else None
