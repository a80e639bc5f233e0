"""Where a new resource lies: beside the patient whose record it belongs to."""

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from xinglin.fhir.fhirpath.compile import compile_path
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import catalog, keys

Path = Callable[[Struct], list[tuple[str, object]]]
_PATIENT = "Patient/"


def home_of(resource: Struct) -> int | None:
    """Give the bucket of the patient in whose compartment a new resource lies; None when it names none."""
    for path in _paths(type(resource).__name__):
        for _, value in path(resource):
            reference = getattr(value, "reference", None)
            if isinstance(reference, str) and reference.startswith(_PATIENT):
                return keys.bucket_of(reference.removeprefix(_PATIENT).partition("/")[0])
    return None


@lru_cache(maxsize=256)
def _paths(resource_type: str) -> tuple[Path, ...]:
    if resource_type == "Patient":
        return ()
    parameters = PARAMETERS[resource_type]
    return tuple(compile_path(parameters[code].expression, resource_type) for code in catalog.primary(resource_type))
