"""The two ways of looking at a resource agree: what the fast one accepts, the thorough one finds nothing against."""

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinglin.fhir.fast import sound
from xinglin.fhir.outcome import STATUS, Issue, OutcomeError
from xinglin.fhir.validate import thorough
from xinglin.fhir.wire import ENCODER, plain

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
EXAMPLES = sorted((SHARED / "fhir-r4-examples").glob("*.json"))
DOCUMENTS = [json.loads(path.read_bytes(), parse_float=Decimal) for path in EXAMPLES if path.stat().st_size < 20_000]

if not DOCUMENTS:
    pytest.skip("../shared/data/fhir-r4-examples is not there", allow_module_level=True)

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        3_000_000_000,
        Decimal("1.50"),
        Decimal("1E+3"),
        "",
        " ",
        "a b",
        "a",
        "é",
        "2020-02-30",
        "2020",
        "2020-01-01T00:00:00Z",
        "http://a",
        "Patient/1",
        "Device/1",
        "#x",
        "#",
        "final",
        "male",
        [],
        {},
        [None],
        [""],
        ["a"],
        [{}],
        {"id": "x"},
        {"extension": [{"url": "http://a", "valueString": "b"}]},
        {"text": "a"},
        {"reference": "Group/1"},
        {"resourceType": "Basic", "code": {"text": "a"}},
        '<div xmlns="http://www.w3.org/1999/xhtml">a</div>',
        "\0",
    ]
)
NAMES = st.sampled_from(
    ["id", "extension", "value", "valueString", "valueQuantity", "text", "status", "_status", "code", "x"]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path to a member or an item."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, held in steps for found in [(*path, step), *_places(held, (*path, step))]]


def _mutated(document: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    made = deepcopy(document)
    for _ in range(data.draw(st.integers(0, 3))):
        places = _places(made)
        if not places:
            break
        *path, last = data.draw(st.sampled_from(places))
        holder: Any = made
        for step in path:
            holder = holder[step]
        action = data.draw(st.sampled_from(["replace", "remove", "add", "double", "sibling"]))
        if action == "replace":
            holder[last] = deepcopy(data.draw(ODD))
        elif action == "remove":
            del holder[last]
        elif action == "add" and isinstance(holder, dict):
            holder[data.draw(NAMES)] = deepcopy(data.draw(ODD))
        elif action == "double" and isinstance(holder, list):
            holder.append(deepcopy(holder[last]))
        elif isinstance(last, str):
            holder[f"_{last}"] = deepcopy(data.draw(ODD))
    return made


def _accepted(raw: bytes, name: object) -> bool:
    from xinglin.fhir.r4 import RESOURCES

    return isinstance(name, str) and name in RESOURCES and sound(raw, name) is not None


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.sampled_from(DOCUMENTS), st.data())
def test_what_the_fast_way_accepts_has_no_faults(document: dict[str, Any], data: st.DataObject) -> None:
    made = _mutated(document, data)
    raw = ENCODER.encode(made)
    found = thorough(plain(raw))
    accepted = _accepted(raw, made.get("resourceType"))
    if accepted:
        assert found == ()
    elif not found:
        # The fast way leaves only two sound things to the thorough one: exponents, and extended values of extensions.
        text = raw.decode()
        assert "E" in text or "_value" in text


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_broken_bytes_never_surprise(document: dict[str, Any], data: st.DataObject) -> None:
    from xinglin.fhir.codec import decode

    raw = bytearray(ENCODER.encode(document))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    issues: tuple[Issue, ...] = ()
    try:
        decode(bytes(raw))
    except OutcomeError as refused:
        issues = refused.issues
    assert all(STATUS[issue.code] < 500 for issue in issues)
