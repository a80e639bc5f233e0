"""The CapabilityStatement: made from the tables of the router and of the search, so it lists exactly what works."""

from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from xinglin.fhir.document import bytes_of
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.server.interactions.patch import JSON_PATCH
from xinglin.server.oauth.addresses import Addresses, security
from xinglin.server.router import Level, Router
from xinglin.settings import Settings
from xinglin.store.ledger import events

# The published form does not change while a version runs; its date is that of the interface.
DATE: Final = "2026-11-22"
VERSION: Final = version("xinglin")
# Not parameters with a value of their own (_has, _type), or not done here.
UNSUPPORTED: Final = frozenset({"_has", "_type", "_query"})
_SYSTEM: Final = ("transaction", "batch", "search-system", "history-system")
_TYPE: Final = (
    *("read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"),
)
_COMMON: Final = frozenset(
    {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_text", "_content", "_list", "_filter"}
)


@lru_cache(maxsize=8)
def capability_statement(router: Router, base_url: str, settings: Settings, *, smart: bool = False) -> bytes:
    """Write the statement of the server at *base_url*; *smart*: with where its authorization server is."""
    offered = {route.interaction for route in router.routes}
    if "transaction" in offered:
        offered.add("batch")  # one address takes both
    statement = {
        "resourceType": "CapabilityStatement",
        "url": f"{base_url}/metadata",
        "version": VERSION,
        "name": "Xinglin",
        "title": "杏林 Xinglin",
        "status": "active",
        "date": DATE,
        "publisher": "The Xinglin contributors",
        "kind": "instance",
        "software": {"name": "Xinglin", "version": VERSION},
        "implementation": {"description": "杏林 Xinglin FHIR server", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": [JSON_PATCH, "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _limits(settings),
                "security": security(Addresses(base_url)) if smart else {},
                "resource": [_resource(router, offered, name) for name in RESOURCES],
                "interaction": [{"code": code} for code in _SYSTEM if code in offered],
                "searchParam": [_parameter("Resource", code) for code in sorted(_COMMON - UNSUPPORTED)],
                "operation": _operations(router, "system", ""),
                "compartment": [f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}" for name in COMPARTMENTS],
            }
        ],
    }
    return bytes_of(_without_empty(statement))


def _resource(router: Router, offered: set[str], name: str) -> dict[str, Any]:
    if name == events.TYPE:
        return _of_ledger()
    shapes = {(route.method, route.shape, route.interaction) for route in router.routes}
    return {
        "type": name,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{name}",
        "interaction": [{"code": code} for code in _TYPE if code in offered],
        "versioning": "versioned",
        "readHistory": "vread" in offered,
        "updateCreate": "update" in offered,
        "conditionalCreate": "create" in offered,
        "conditionalRead": "full-support",
        "conditionalUpdate": ("PUT", "T", "update") in shapes,
        "conditionalDelete": "single" if ("DELETE", "T", "delete") in shapes else "not-supported",
        "referencePolicy": ["literal", "logical", "local"],
        "searchInclude": ["*", *includes(name)],
        "searchRevInclude": list(_reverse().get(name, ())),
        "searchParam": [_parameter(name, code) for code in searchable(name)],
        "operation": [one for level in ("type", "instance") for one in _operations(router, level, name)],
    }


def _of_ledger() -> dict[str, Any]:
    """State the type whose resources are made of the ledger: read and searched, written by nobody."""
    return {
        "type": events.TYPE,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{events.TYPE}",
        "documentation": "Made of the entries of the audit ledger; sorted by date; references are not followed.",
        "interaction": [{"code": code} for code in ("read", "vread", "search-type")],
        "versioning": "versioned",
        "searchParam": [_parameter(events.TYPE, code) for code in sorted(events.PARAMETERS - _COMMON)],
    }


def searchable(name: str) -> list[str]:
    """List the codes of the search parameters of a type that the search knows, without those that all types share."""
    return [code for code in PARAMETERS[name] if code not in UNSUPPORTED | _COMMON]


def includes(name: str) -> list[str]:
    """List what ``_include`` can follow from a type."""
    return [f"{name}:{code}" for code in searchable(name) if PARAMETERS[name][code].kind == "reference"]


@lru_cache(maxsize=1)
def _reverse() -> dict[str, list[str]]:
    """By target type: what ``_revinclude`` can bring."""
    found: dict[str, list[str]] = {}
    for source in [name for name in RESOURCES if name != events.TYPE]:
        for code in searchable(source):
            parameter = PARAMETERS[source][code]
            if parameter.kind == "reference":
                for target in parameter.targets or RESOURCES:
                    found.setdefault(target, []).append(f"{source}:{code}")
    return found


def _parameter(name: str, code: str) -> dict[str, Any]:
    parameter = PARAMETERS["Patient" if name == "Resource" else name][code]
    made = {"name": code, "definition": parameter.url, "type": parameter.kind}
    return {key: value for key, value in made.items() if value}


def _operations(router: Router, level: Level, name: str) -> list[dict[str, Any]]:
    served = [one for one in router.operations if one.serves(level, name)]
    if level == "instance":
        served = [one for one in served if not one.serves("type", name)]
    return [{"name": one.code, "definition": one.definition} for one in served]


def _limits(settings: Settings) -> str:
    return (
        f"Request bodies up to {settings.max_body_bytes} bytes, batch and transaction up to "
        f"{settings.max_bundle_entries} entries, {settings.max_parameters} parameters, "
        f"pages of {settings.page_size} (at most {settings.page_max}). Unknown search parameters are ignored and "
        "reported unless Prefer: handling=strict. Conditional deletes delete one resource or are refused."
    )


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: made for name, inner in value.items() if (made := _without_empty(inner)) not in ([], {}, None)}
    if isinstance(value, list):
        return [_without_empty(one) for one in value]
    return value
