"""Everything that health records add."""

from xinglin.capabilities.health_records import contract, policy
from xinglin.capabilities.health_records.operations import correcting, filing, importing
from xinglin.capabilities.health_records.operations import papers as documents
from xinglin.capabilities.health_records.pages import (
    about,
    correct,
    entry,
    filed,
    files,
    own,
    paper,
    papers,
    record,
    timeline,
    trend,
)
from xinglin.capabilities.health_records.rules import forms
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Invariant, Page, Portal
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="health_records",
        title=Text("健康档案", "Health records"),
        needs=("access",),
        code_sets=(contract.REQUESTS,),
        profiles=(contract.CORRECTION, contract.BASIC_INFORMATION, contract.CHECK_UP),
        invariants=(
            Invariant(contract.BASIC_INFORMATION, forms.none_excludes_others),
            Invariant(contract.CHECK_UP, forms.goals_are_numbers),
        ),
        operations=(
            Handler(contract.ASK_CORRECTION, correcting.ask),
            Handler(contract.DECIDE_CORRECTION, correcting.decide),
            Handler(contract.SUMMARY, documents.summarise),
            Handler(contract.DOCUMENT, documents.assemble),
            Handler(contract.CDA, documents.as_cda),
            Handler(contract.ISSUE, documents.issue),
            Handler(contract.IMPORT, importing.take_in),
            Handler(contract.FILE, filing.file_entries),
        ),
        grants=policy.grants(settings),
        pages=(*_clinicians(), *_residents(), *_desk()),
        templates="xinglin.capabilities.health_records:templates",
    )


def _clinicians() -> tuple[Page, ...]:
    at, of = contract.RECORDS, f"{contract.RECORDS.path}/{{id}}"
    return (
        Page(at, of, show=record.show),
        Page(at, f"{of}/about", show=about.show),
        Page(at, f"{of}/issue", show=papers.show, send=papers.send, roles=contract.ISSUING),
        Page(at, f"{of}/import", show=filed.show_import, send=filed.send_import, roles=contract.ISSUING),
        Page(at, f"{of}/filing/{{rid}}", show=filed.show, send=filed.send, roles=contract.ISSUING),
        *_common(at),
    )


def _residents() -> tuple[Page, ...]:
    at, of = contract.OWN, f"{contract.OWN.path}/{{id}}"
    menu = Text("健康档案", "Health record")
    return (
        Page(at, at.path, show=own.show_mine, menu=menu, icon="report-medical", tab="health", order=10),
        Page(at, of, show=own.show),
        Page(at, f"{of}/correct", show=correct.show, send=correct.send),
        Page(at, f"{of}/export", show=correct.show_export),
        *_common(at),
    )


def _common(at: Portal) -> tuple[Page, ...]:
    """Give the pages that staff and residents both have, each under their own path and in their own shell."""
    of = f"{at.path}/{{id}}"
    return (
        Page(at, f"{of}/timeline", show=timeline.show),
        Page(at, f"{of}/results", show=timeline.show_results),
        Page(at, f"{of}/documents", show=timeline.show_documents),
        Page(at, f"{of}/print", show=paper.show),
        Page(at, f"{of}/summary.pdf", show=paper.show_pdf),
        Page(at, f"{of}/ips", show=papers.show_ips),
        Page(at, f"{of}/summary.json", show=papers.show_summary),
        Page(at, f"{of}/papers/{{rid}}/cda", show=papers.show_cda),
        Page(at, f"{of}/papers/{{rid}}/pdf", show=papers.show_pdf),
        Page(at, f"{of}/trend/{{code}}", show=trend.show),
        Page(at, f"{of}/trend/{{code}}/csv", show=trend.show_csv),
        Page(at, f"{of}/entries/{{type}}/{{rid}}", show=entry.show),
        Page(at, f"{of}/entries/{{type}}/{{rid}}/file", show=files.show_file),
        Page(at, f"{of}/entries/{{type}}/{{rid}}/read", show=files.show_read),
    )


def _desk() -> tuple[Page, ...]:
    menu = Text("档案更正申请", "Corrections")
    return (
        Page(
            contract.DESK,
            contract.DESK.path,
            show=correct.show_waiting,
            send=correct.send_decision,
            menu=menu,
            icon="pencil",
            order=70,
        ),
    )
