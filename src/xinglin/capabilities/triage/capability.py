"""Everything that triage adds."""

from typing import Final

from xinglin.capabilities.triage import contract, operations, policy
from xinglin.capabilities.triage.pages import flow, kept
from xinglin.fhir.declarations import Text
from xinglin.registry import RESIDENT, Capability, Handler, Page
from xinglin.settings import Settings

TITLE: Final = Text("智能导诊", "Which department?")


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="triage",
        title=Text("智能导诊", "Triage"),
        profiles=(contract.KEPT,),
        operations=(Handler(contract.TRIAGE, operations.triage), Handler(contract.KEEP, operations.keep)),
        grants=policy.GRANTS,
        pages=(
            Page(
                RESIDENT,
                contract.OWN,
                show=flow.show,
                send=flow.send,
                menu=TITLE,
                icon="help-circle",
                tab="visits",
                order=10,
            ),
            Page(contract.VISITORS, contract.OWN, show=flow.show, send=flow.send),
            Page(RESIDENT, contract.OWN + "/{id}", show=kept.show),
            Page(
                contract.AT_DESK,
                contract.DESK,
                show=flow.show,
                send=flow.send,
                menu=TITLE,
                icon="help-circle",
                order=25,
            ),
        ),
        templates="xinglin.capabilities.triage:templates",
    )
