"""Everything that the record browser adds."""

from xinglin.capabilities.records import contract, policy
from xinglin.capabilities.records.pages import find, listing, record, start, timeline
from xinglin.fhir.declarations import Text
from xinglin.registry import WORKBENCH, Capability, Page
from xinglin.settings import Settings


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="records",
        title=Text("记录浏览", "Record browser"),
        grants=policy.GRANTS,
        pages=(
            Page(WORKBENCH, contract.START, show=start.show, menu=Text("首页", "Start"), icon="home"),
            Page(WORKBENCH, "/records", show=start.types, menu=Text("全部类型", "All types"), icon="database"),
            Page(WORKBENCH, contract.FIND, show=find.show),
            Page(WORKBENCH, "/records/{type}", show=listing.show),
            Page(WORKBENCH, "/records/{type}/{id}", show=record.show),
            Page(WORKBENCH, "/records/{type}/{id}/versions", show=record.versions),
            Page(WORKBENCH, "/records/{type}/{id}/raw", show=record.raw),
            Page(WORKBENCH, "/records/Patient/{id}/timeline", show=timeline.show),
            Page(WORKBENCH, "/patients", show=find.patients, menu=Text("患者", "Patients"), icon="users"),
        ),
        templates="xinglin.capabilities.records:templates",
    )
