"""Everything that health records add."""

from xinglin.capabilities.health_records import contract
from xinglin.capabilities.health_records.pages import record
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Page
from xinglin.settings import Settings


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="health_records",
        title=Text("健康档案", "Health records"),
        pages=(Page(contract.RECORDS, "/patients/{id}", show=record.show),),
        templates="xinglin.capabilities.health_records:templates",
    )
