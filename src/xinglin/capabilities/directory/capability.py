"""Everything that the directory adds."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from xinglin.capabilities.directory import contract, jobs, policy
from xinglin.capabilities.directory.operations import readiness
from xinglin.capabilities.directory.pages import detail, importing, search, upkeep
from xinglin.capabilities.directory.pages import readiness as checklist
from xinglin.capabilities.directory.rules import invariants
from xinglin.capabilities.directory.rules.checklist import item_codes
from xinglin.fhir.declarations import Text
from xinglin.registry import INSTITUTION, RESIDENT, Capability, Card, Handler, Invariant, Job, Page
from xinglin.settings import Settings

CODED: Final = ("Organization", "HealthcareService", "PractitionerRole")
FIND: Final = Text("机构与人员", "Directory")


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="directory",
        title=FIND,
        needs=("notifications", "practitioners"),
        code_sets=(
            *(contract.INSTITUTION_KINDS, contract.SERVICE_MODES, contract.TITLES, contract.RESULTS),
            *(contract.READINESS_TASKS, item_codes()),
        ),
        profiles=(
            contract.INSTITUTION_PROFILE,
            contract.DEPARTMENT_PROFILE,
            contract.LOCATION_PROFILE,
            contract.SERVICE_PROFILE,
            contract.READINESS_ITEM,
            contract.IMPORT_PROFILE,
        ),
        invariants=(
            *(Invariant(on, invariants.known_codes) for on in CODED),
            Invariant("Organization", invariants.hospital_name),
            Invariant("PractitionerRole", invariants.same_person),
            Invariant("ServiceRequest", invariants.institution_invited),
        ),
        operations=(
            Handler(contract.SET_UP, readiness.set_up),
            Handler(contract.RECORD_EVIDENCE, readiness.record_evidence),
            Handler(contract.CHECK_READINESS, readiness.check),
            Handler(contract.ACTIVATE, readiness.activate),
        ),
        grants=policy.GRANTS,
        pages=(*_looking_up(), *_keeping(), *_readiness(), *_importing()),
        cards=(
            Card(
                INSTITUTION,
                Text("互联网医院准入", "Internet hospital"),
                checklist.show_card,
                order=30,
                roles=contract.KEEPERS,
            ),
        ),
        jobs=(
            Job(
                contract.RECHECK,
                partial(jobs.recheck, suspends=settings.readiness_suspends),
                every="02:20 Asia/Shanghai",
            ),
            Job(contract.REMIND, jobs.remind, every="08:20 Asia/Shanghai"),
            Job(contract.APPLY_IMPORT, jobs.apply_import, retries=8),
        ),
        notices=(contract.VERIFYING, contract.OVERDUE),
        templates="xinglin.capabilities.directory:templates",
    )


def _looking_up() -> Iterator[Page]:
    path = contract.DIRECTORY
    yield Page(contract.DIRECTORY_PORTAL, path, show=search.show_institutions, menu=FIND, icon="map-pin", order=70)
    yield Page(
        RESIDENT,
        path,
        show=search.show_institutions,
        menu=Text("找医院医生", "Find a doctor"),
        icon="map-pin",
        tab="visits",
        order=70,
    )
    for portal in (contract.DIRECTORY_PORTAL, RESIDENT):
        yield Page(portal, f"{path}/services", show=search.show_services)
        yield Page(portal, f"{path}/doctors", show=search.show_doctors)
        yield Page(portal, f"{path}/institutions/{{id}}", show=detail.show_institution)
        yield Page(portal, f"{path}/departments/{{id}}", show=detail.show_department)
        yield Page(portal, f"{path}/doctors/{{id}}", show=detail.show_doctor)


def _keeping() -> Iterator[Page]:
    beside = tuple(path for one in upkeep.PLACES_KEPT.values() for path in (one.path, one.add))
    for place in upkeep.PLACES_KEPT.values():
        named = place.kind.name == "departments"
        yield Page(
            contract.KEEPING,
            place.path,
            show=partial(upkeep.show_kept, at=place),
            menu=Text("机构维护", "My institution") if named else None,
            icon="building-hospital" if named else "",
            order=30,
            covers=beside if named else (),
        )
        yield Page(
            contract.KEEPING,
            place.add,
            show=partial(upkeep.show_new, at=place),
            send=partial(upkeep.send_new, at=place),
        )
        yield _one(place)
    yield Page(
        contract.OPENING,
        upkeep.INSTITUTIONS.add,
        show=partial(upkeep.show_new, at=upkeep.INSTITUTIONS),
        send=partial(upkeep.send_new, at=upkeep.INSTITUTIONS),
        menu=Text("机构登记", "Register an institution"),
        icon="plus",
        order=25,
    )
    yield _one(upkeep.INSTITUTIONS)


def _one(place: upkeep.Place) -> Page:
    return Page(
        contract.KEEPING if place.listing is not None else contract.OPENING,
        place.path + "/{id}",
        show=partial(upkeep.show_one, at=place),
        send=partial(upkeep.send_one, at=place),
    )


def _readiness() -> Iterator[Page]:
    yield Page(
        contract.KEEPING,
        contract.READINESS_PAGE,
        show=checklist.show,
        send=checklist.send,
        menu=Text("准入清单", "Readiness"),
        icon="clipboard-list",
        order=31,
    )
    yield Page(
        contract.KEEPING, contract.READINESS_PAGE + "/{item}", show=checklist.show_item, send=checklist.send_item
    )


def _importing() -> Iterator[Page]:
    for portal, path, kinds in (
        (contract.KEEPING, contract.IMPORT_PAGE, ("departments", "staff")),
        (contract.OPENING, contract.INSTITUTIONS_IMPORT, ("institutions",)),
    ):
        yield Page(
            portal,
            path,
            show=partial(importing.show, path=path, kinds=kinds),
            send=partial(importing.send, path=path, kinds=kinds),
            menu=Text("从表格导入", "Import a table"),
            icon="upload",
            order=32,
        )
        yield Page(
            portal,
            path + "/{id}",
            show=partial(importing.show_one, path=path),
            send=partial(importing.send_one, path=path),
        )
