"""Documents made from the definitions: every type, every element, both ways of looking, JSON and XML."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinglin.fhir import r4
from xinglin.fhir.definitions import Element
from xinglin.fhir.fast import sound
from xinglin.fhir.model import extensible, is_primitive
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.valuesets import CODES, CODINGS
from xinglin.fhir.validate import thorough
from xinglin.fhir.wire import ENCODER, plain
from xinglin.fhir.xml import read, write

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'
VALUES: dict[str, list[object]] = {
    "base64Binary": ["YQ==", "YWJj"],
    "boolean": [True, False],
    "canonical": ["http://example.org/a|1"],
    "code": ["a", "a b"],
    "date": ["2020", "2020-02", "2020-02-29"],
    "dateTime": ["2020", "2020-02-29T10:00:00.5+08:00"],
    "decimal": [0, 7, Decimal("1.00"), Decimal("-0.5")],
    "id": ["a", "A.-9"],
    "instant": ["2020-02-29T23:59:59Z"],
    "integer": [-5, 0, 2147483647],
    "markdown": ["# a\n\nb"],
    "oid": ["urn:oid:1.2.3"],
    "positiveInt": [1, 2147483647],
    "string": ["a", '甲 "b" <c>'],
    "time": ["10:00:00"],
    "unsignedInt": [0, 5],
    "uri": ["urn:a", "http://example.org"],
    "url": ["http://example.org/a?b=c&d=e"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "xhtml": [DIV],
}
RULED = {
    "http://hl7.org/fhir/ValueSet/currencies": "CNY",
    "http://hl7.org/fhir/ValueSet/mimetypes": "text/plain",
}
SYSTEMS = {
    "http://hl7.org/fhir/ValueSet/ucum-units": ("http://unitsofmeasure.org", "mg"),
    "http://loinc.org/vs/LL379-9": ("http://loinc.org", "LA1-1"),
}


class Maker:
    """Makes values of R4 types; *chance* chooses among possibilities."""

    def __init__(self, chance: Any) -> None:
        self.chance = chance

    def one(self, given: list[Any]) -> Any:
        return self.chance.choice(given)

    def resource(self, name: str, depth: int) -> dict[str, Any]:
        return {"resourceType": name, **self.value(name, depth)}

    def value(self, name: str, depth: int) -> dict[str, Any]:
        """Required elements always; of the others some while *depth* lasts; something at least."""
        made: dict[str, Any] = {}
        for element in TYPES[name].elements:
            if name == "Extension" and element.name in {"extension", "value"}:
                continue
            if element.min or (depth > 0 and element.name != "contained" and self.chance.randint(0, 3) == 0):
                made |= self.member(name, element, depth)
        if name == "Extension":
            made["valueString"] = "a"
        elif not made.keys() - {"id"} and TYPES[name].kind != "resource":
            candidates = [e for e in TYPES[name].elements if any(map(is_primitive, e.types)) and e.name != "id"]
            made |= self.member(name, candidates[0] if candidates else TYPES[name].elements[-1], 0)
        return made

    def member(self, owner: str, element: Element, depth: int) -> dict[str, Any]:
        shallow = [t for t in element.types if is_primitive(t)]
        kind = self.one(list(element.types) if depth > 0 or not shallow else shallow)
        name = element.member(kind)
        many = element.max != 1
        made = [self.item(element, kind, depth - 1) for _ in range(self.chance.randint(1, 2) if many else 1)]
        found: dict[str, Any] = {name: made if many else made[0]}
        if is_primitive(kind) and extensible(owner, name) and self.chance.randint(0, 5) == 0:
            extra = {"extension": [{"url": "http://a", "valueCode": "b"}]}
            found[f"_{name}"] = [extra, *[None] * (len(made) - 1)] if many else extra
        return found

    def item(self, element: Element, kind: str, depth: int) -> Any:
        if kind == "Resource":
            return self.resource("Basic", 0)
        if is_primitive(kind):
            if kind == "code" and element.binding:
                return RULED.get(element.binding) or self.one(sorted(CODES[element.binding]))
            return self.one(VALUES[kind])
        if element.binding and kind in {"CodeableConcept", "Coding"}:
            pairs = sorted(CODINGS[element.binding]) if element.binding in CODINGS else [SYSTEMS[element.binding]]
            system, code = self.one(pairs)
            coding = {"system": system, "code": code}
            return {"coding": [coding]} if kind == "CodeableConcept" else coding
        if kind == "Reference":
            return {"reference": f"{self.one(list(element.targets) or ['Patient'])}/1"}
        return self.value(kind, depth)


@pytest.mark.parametrize("name", sorted(r4.RESOURCES))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=True))
def test_every_type_is_read_checked_and_written(name: str, chance: Any) -> None:
    document = Maker(chance).resource(name, 2)
    raw = ENCODER.encode(document)
    found = thorough(plain(raw))
    # What the definitions allow element by element has no fault; of invariants these documents know nothing.
    assert {issue for issue in found if issue.code != "invariant"} == set()
    if sound(raw, name) is not None:
        assert found == ()
    elif not found:
        assert b'"_value' in raw
    assert read(write(document)) == document
