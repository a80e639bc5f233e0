"""Show results as JSON: one object with type and value for each node."""

from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from xinglin.fhir.fhirpath.nodes import Node, TypeInfoValue
from xinglin.fhir.fhirpath.values import Long

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def shown(node: Node) -> dict[str, object]:
    """Return {"type", "value"} of a node.

    The type is the FHIR type ("date", "HumanName", "Patient.contact"); System types are named like FHIR's ("boolean",
    "dateTime"). The value is the JSON of the element: an object for complex types, null for a primitive that has only
    extensions. Dates and times are text, a System Quantity is text as in FHIRPath (``1 'mg'``).
    """
    namespace, _, name = node.type.partition(".")
    value = node.value
    if namespace == "System" and name not in {"Quantity", "TypeInfo"}:
        name = name[0].lower() + name[1:]
    if isinstance(value, TypeInfoValue):
        return {"type": name, "value": {"namespace": value.namespace, "name": value.name}}
    if isinstance(value, Long):
        return {"type": name, "value": int(value)}
    if value is None or isinstance(value, bool | int | Decimal | str | Struct):
        return {"type": name, "value": value}
    return {"type": name, "value": str(value)}


def line(node: Node) -> str:
    """Return a node as one line of JSON; decimals keep their digits."""
    return _ENCODER.encode(shown(node)).decode()
