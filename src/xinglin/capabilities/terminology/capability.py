"""Everything that terminology adds."""

from xinglin.capabilities.terminology import contract, jobs, policy
from xinglin.capabilities.terminology.operations.closure import closure
from xinglin.capabilities.terminology.operations.expand import expand
from xinglin.capabilities.terminology.operations.lookup import compare, lookup
from xinglin.capabilities.terminology.operations.translate import translate
from xinglin.capabilities.terminology.operations.validate import in_set, in_system
from xinglin.capabilities.terminology.pages import concept, find, load, pick
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="terminology",
        title=Text("术语字典", "Terminology"),
        operations=(
            Handler(contract.EXPAND, expand),
            Handler(contract.VALIDATE_IN_SET, in_set),
            Handler(contract.VALIDATE_IN_SYSTEM, in_system),
            Handler(contract.LOOKUP, lookup),
            Handler(contract.SUBSUMES, compare),
            Handler(contract.TRANSLATE, translate),
            Handler(contract.CLOSURE, closure),
        ),
        grants=policy.GRANTS,
        pages=(
            Page(
                contract.DICTIONARY_PORTAL,
                contract.DICTIONARY,
                show=find.show,
                menu=Text("术语字典", "Terminology"),
                icon="book",
                order=80,
            ),
            Page(contract.DICTIONARY_PORTAL, contract.CONCEPT, show=concept.show),
            Page(
                contract.DICTIONARY_PORTAL,
                contract.LOAD,
                show=load.show,
                send=load.send,
                file_most=settings.edition_mib * 2**20,
                menu=Text("装入代码版本", "Load an edition"),
                icon="upload",
                order=81,
                roles=contract.KEEPERS,
            ),
            Page(
                contract.DICTIONARY_PORTAL,
                contract.LOAD + "/{id}",
                show=load.show_one,
                send=load.send_one,
                roles=contract.KEEPERS,
            ),
            Page(contract.PICKING, contract.PICK, show=pick.show),
        ),
        jobs=(
            Job(contract.LOADING, jobs.load, retries=3),
            Job(contract.FORGETTING, jobs.forget, every=f"03:40 {settings.zone}"),
        ),
        templates="xinglin.capabilities.terminology:templates",
    )
