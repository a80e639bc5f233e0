"""Everything that the audit adds."""

from functools import partial

from xinglin.capabilities.audit import contract, jobs, operations, policy
from xinglin.capabilities.audit.pages import desk, looked, start
from xinglin.fhir.declarations import Text
from xinglin.registry import AUDIT, Capability, Card, Handler, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    at, own = contract.LEDGER, contract.LOOKED
    ledger = Text("账本", "Ledger")
    return Capability(
        name="audit",
        title=Text("审计", "Audit"),
        code_sets=(contract.OBJECTIONS,),
        profiles=(contract.OBJECTION,),
        operations=(Handler(contract.OBJECT, operations.object_to),),
        grants=policy.GRANTS,
        pages=(
            Page(at, "/audit", show=desk.show, menu=Text("审计台", "Audit desk"), icon="clipboard-list"),
            Page(at, "/audit/entries/{id}", show=desk.show_entry),
            Page(
                at,
                "/audit/tree",
                show=desk.show_tree,
                send=desk.send_tree,
                menu=ledger,
                icon="list-tree",
            ),
            Page(
                own,
                "/who-looked",
                show=looked.show,
                menu=Text("谁看过我的档案", "Who looked"),
                icon="history",
                tab="health",
                order=60,
            ),
            Page(own, "/who-looked/{id}", show=looked.show_one, send=looked.send_objection),
        ),
        jobs=(Job(contract.VERIFY, partial(jobs.verify_ledger, settings.audit_days), every="03:40 Asia/Shanghai"),),
        cards=(
            Card(AUDIT, Text("今天", "Today"), start.figures, order=10, wide=True),
            Card(AUDIT, Text("账本核对", "Verification of the ledger"), start.verified, order=20),
            Card(AUDIT, Text("最近被拒绝的访问", "Refused lately"), start.refused, order=30),
        ),
        templates="xinglin.capabilities.audit:templates",
    )
