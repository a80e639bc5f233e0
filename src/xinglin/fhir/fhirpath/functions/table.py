"""Every function of the language by name."""

from collections.abc import Mapping
from typing import Final

from xinglin.fhir.fhirpath.functions import collections, conversion, dates, numbers, resources, strings
from xinglin.fhir.fhirpath.functions.signature import Function

FUNCTIONS: Final[Mapping[str, Function]] = {
    **collections.FUNCTIONS,
    **conversion.FUNCTIONS,
    **dates.FUNCTIONS,
    **numbers.FUNCTIONS,
    **resources.FUNCTIONS,
    **strings.FUNCTIONS,
}
