"""The interpreter against fhirpathpy, on expressions made at random."""

import json
from typing import Any

import msgspec
from fhirpathpy import evaluate as oracle
from fhirpathpy.models import models
from hypothesis import given, settings

from tests.fhir.fhirpath.patients import PATIENT, results
from tests.strategies.fhirpath import EXPRESSIONS
from xinglin.fhir.fhirpath import FhirPathError
from xinglin.fhir.fhirpath.output import line

DOCUMENT = json.loads(msgspec.json.encode(PATIENT))
REFUSED = "refused"


def plain(value: Any) -> object:
    """Make values of both comparable: numbers to nine digits, complex values as text."""
    if value is None or isinstance(value, bool | str):
        return value
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else round(float(value), 9)


def ours(expression: str) -> object:
    try:
        return [plain(json.loads(line(node))["value"]) for node in results(expression)]
    except FhirPathError:
        return REFUSED


def theirs(expression: str) -> object:
    try:
        return [plain(getattr(item, "data", item)) for item in oracle(DOCUMENT, expression, {}, models["r4"])]
    except Exception:  # noqa: BLE001 -- it refuses by exceptions of every kind
        return REFUSED


@settings(max_examples=250, deadline=None)
@given(expression=EXPRESSIONS)
def test_both_find_the_same(expression: str) -> None:
    assert ours(expression) == theirs(expression)
