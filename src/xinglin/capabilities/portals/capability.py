"""Everything that the portals add."""

from typing import Final

from xinglin.capabilities.portals import contract
from xinglin.capabilities.portals.pages import people
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, INSTITUTION, Capability, Page, Portal
from xinglin.settings import Settings

RECEPTION: Final = frozenset({"receptionist"})
FIND: Final = Text("查找患者", "Find a patient")


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="portals",
        title=Text("门户", "Portals"),
        needs=("health_records", "residents"),
        pages=(_people(CLINIC), _people(INSTITUTION, RECEPTION)),
        templates="xinglin.capabilities.portals:templates",
    )


def _people(portal: Portal, roles: frozenset[str] = frozenset()) -> Page:
    return Page(portal, contract.PEOPLE, show=people.show, menu=FIND, icon="search", order=10, roles=roles)
