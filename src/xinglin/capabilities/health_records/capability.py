"""Everything that health records add."""

from xinglin.capabilities.health_records import contract
from xinglin.capabilities.health_records.pages import about, entry, paper, record, timeline, trend
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Page
from xinglin.settings import Settings


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="health_records",
        title=Text("健康档案", "Health records"),
        needs=("access",),
        pages=_clinicians(),
        templates="xinglin.capabilities.health_records:templates",
    )


def _clinicians() -> tuple[Page, ...]:
    at, of = contract.RECORDS, "/patients/{id}"
    return (
        Page(at, of, show=record.show),
        Page(at, f"{of}/timeline", show=timeline.show),
        Page(at, f"{of}/results", show=timeline.show_results),
        Page(at, f"{of}/documents", show=timeline.show_documents),
        Page(at, f"{of}/about", show=about.show),
        Page(at, f"{of}/print", show=paper.show),
        Page(at, f"{of}/summary.pdf", show=paper.show_pdf),
        Page(at, f"{of}/trend/{{code}}", show=trend.show),
        Page(at, f"{of}/trend/{{code}}/csv", show=trend.show_csv),
        Page(at, f"{of}/entries/{{type}}/{{rid}}", show=entry.show),
        Page(at, f"{of}/entries/{{type}}/{{rid}}/file", show=entry.show_file),
    )
