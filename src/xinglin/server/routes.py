"""What this server offers: every interaction and every operation. The router and the CapabilityStatement read this."""

from typing import Final

from xinglin.server.interactions.bundle import bundle
from xinglin.server.interactions.create import create
from xinglin.server.interactions.delete import delete, delete_where
from xinglin.server.interactions.history import history
from xinglin.server.interactions.metadata import metadata
from xinglin.server.interactions.patch import patch, patch_where
from xinglin.server.interactions.read import read
from xinglin.server.interactions.search import search, search_by_post
from xinglin.server.interactions.update import update, update_where
from xinglin.server.interactions.vread import vread
from xinglin.server.operations.declared import route_of
from xinglin.server.operations.everything import everything
from xinglin.server.operations.meta import meta, meta_add, meta_delete
from xinglin.server.operations.validate import validate
from xinglin.server.router import OperationRoute, Route
from xinglin.store.rulebook import Rulebook

ROUTES: Final = (
    Route("GET", "metadata", "capabilities", metadata),
    Route("POST", "", "transaction", bundle),
    Route("GET", "", "search-system", search),
    Route("POST", "_search", "search-system", search_by_post),
    Route("GET", "_history", "history-system", history),
    Route("POST", "T", "create", create),
    Route("GET", "T", "search-type", search),
    Route("PUT", "T", "update", update_where),
    Route("PATCH", "T", "patch", patch_where),
    Route("DELETE", "T", "delete", delete_where),
    Route("POST", "T/_search", "search-type", search_by_post),
    Route("GET", "T/_history", "history-type", history),
    Route("GET", "T/I", "read", read),
    Route("PUT", "T/I", "update", update),
    Route("PATCH", "T/I", "patch", patch),
    Route("DELETE", "T/I", "delete", delete),
    Route("GET", "T/I/_history", "history-instance", history),
    Route("GET", "T/I/_history/V", "vread", vread),
    Route("GET", "T/I/N", "search-compartment", search),
    Route("POST", "T/I/N/_search", "search-compartment", search_by_post),
)

_STANDARD: Final = "http://hl7.org/fhir/OperationDefinition/"
OPERATIONS: Final = (
    OperationRoute("validate", frozenset({"type", "instance"}), validate, f"{_STANDARD}Resource-validate", query=True),
    OperationRoute("meta", frozenset({"system", "type", "instance"}), meta, f"{_STANDARD}Resource-meta", query=True),
    OperationRoute("meta-add", frozenset({"instance"}), meta_add, f"{_STANDARD}Resource-meta-add"),
    OperationRoute("meta-delete", frozenset({"instance"}), meta_delete, f"{_STANDARD}Resource-meta-delete"),
    OperationRoute(
        "everything",
        frozenset({"instance"}),
        everything,
        f"{_STANDARD}Patient-everything",
        types=frozenset({"Patient"}),
        query=True,
    ),
    OperationRoute(
        "everything",
        frozenset({"instance"}),
        everything,
        f"{_STANDARD}Encounter-everything",
        types=frozenset({"Encounter"}),
        query=True,
    ),
)


def operations(rulebook: Rulebook) -> tuple[OperationRoute, ...]:
    """Give the operations of the standard and those that the capabilities declare."""
    return OPERATIONS + tuple(route_of(operation) for operation, _ in rulebook.operations.values())
