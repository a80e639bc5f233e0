"""Writes the plain checks that decoding into structs leaves open, one function for each R4 type."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tools.r4_package import ElementModel, TypeModel
from tools.r4_terminology import BY_RULE
from tools.r4_write import BARE, HEADER, attribute, class_name, text, tuple_of

# Conditions under which a primitive value is *wrong*; {v} is the value. What is missing here, decoding has checked.
WRONG: Final[Mapping[str, str]] = {
    "base64Binary": "not is_base64({v})",
    "canonical": "{v}.split() != [{v}]",
    "code": '" ".join({v}.split()) != {v}',
    "date": "DATE({v}) is None",
    "dateTime": "DATE_TIME({v}) is None",
    "decimal": "type({v}) is not Decimal and not is_number({v})",
    "id": "ID({v}) is None",
    "instant": "INSTANT({v}) is None",
    "oid": "OID({v}) is None",
    "time": "TIME({v}) is None",
    "uri": "{v}.split() != [{v}]",
    "url": "{v}.split() != [{v}]",
    "uuid": "UUID({v}) is None",
}
WRONG_BY_RULE: Final[Mapping[str, str]] = {
    "http://hl7.org/fhir/ValueSet/currencies": "CURRENCY({v}) is None",
    "http://hl7.org/fhir/ValueSet/mimetypes": "MIME_TYPE({v}) is None",
}
# Values of extensions by how often they are met, so that the first comparison mostly hits.
FREQUENT: Final = [
    "string",
    "code",
    "Coding",
    "CodeableConcept",
    "Reference",
    "uri",
    "url",
    "boolean",
    "dateTime",
    "decimal",
    "integer",
    "Quantity",
    "Address",
    "Period",
    "HumanName",
    "Identifier",
    "date",
    "canonical",
    "instant",
]
# Invariants that the functions check inline.
INLINE: Final = frozenset({"ele-1", "ext-1"})


class Writer:
    """Writes the functions; remembers the sets of reference targets on the way."""

    def __init__(self, models: Mapping[str, TypeModel]) -> None:
        self.models = models
        self.targets: dict[tuple[str, ...], str] = {}
        self.places = {f"{m.name}.{e.name}" for m in models.values() for e in m.elements if _kept(e.constraints)}

    def module(self, names: Iterable[str], imports: Iterable[str] = ()) -> str:
        """Write the functions of the types *names*, which may use those of the core besides."""
        self.targets.clear()
        functions = [line for name in names for line in ["", "", *self._function(self.models[name])]]
        sets = [f"{name} = frozenset({tuple_of(targets)})" for targets, name in self.targets.items()]
        body = "\n".join(functions)
        used = [line for name, line in _IMPORTS if re.search(rf"\b{name}\b", body)]
        core = sorted(name for name in imports if re.search(rf"\bc_{class_name(name)}\b", body))
        lines = [f'"""Checks of R4 types; {HEADER}."""', "", *used, *_core_import(core), "", *sets, body, ""]
        return "\n".join(lines)

    def _complete(self, model: TypeModel) -> Iterator[tuple[TypeModel, ElementModel]]:
        """All elements with their owners; those of resource bases are checked by the base's own function."""
        base = self.models.get(model.base or "")
        if base is not None and base.kind != "resource":
            yield from self._complete(base)
        for element in model.elements:
            yield model, element

    def _function(self, model: TypeModel) -> Iterator[str]:
        if model.name == "Extension":
            yield from self._extension(model)
            return
        own = list(self._complete(model))
        yield f"def c_{class_name(model.name)}(s: Any, r: Any, o: Any, d: int) -> bool:"
        if not model.abstract:
            yield "    if d > MAX_DEPTH:"
            yield "        return False"
        if model.base and self.models[model.base].kind == "resource":
            yield f"    if not c_{model.base}(s, r, o, d):"
            yield "        return False"
        yield from self._presence(model, own)
        if any(self._pointers(own)):
            yield "    e = d + 1"
        for owner, element in own:
            yield from self._choice(owner, element) if element.choice else self._single(owner, element)
        if self._rules(model):
            yield f'    return RULES["{model.name}"](s, r, o)'
        else:
            yield "    return True"

    def _pointers(self, own: Iterable[tuple[TypeModel, ElementModel]]) -> Iterator[bool]:
        for owner, element in own:
            yield any(self.models[name].kind != "primitive" for name in element.types) or bool(
                list(self._siblings(owner, element))
            )

    def _rules(self, model: TypeModel) -> bool:
        """Tell whether invariants stand on the type or on a base that is not checked by itself."""
        base = self.models.get(model.base or "")
        inherited = base is not None and base.kind != "resource" and self._rules(base)
        return inherited or _kept(model.constraints)

    def _siblings(self, owner: TypeModel, element: ElementModel) -> Iterator[tuple[str, str]]:
        """Pairs of attribute and sibling attribute of the primitives of *element*."""
        if (owner.name, element.name) in BARE:
            return
        for name in element.types:
            if self.models[name].kind == "primitive":
                member = _member(element, name)
                yield attribute(member), f"_{member}"

    def _presence(self, model: TypeModel, own: list[tuple[TypeModel, ElementModel]]) -> Iterator[str]:
        """Required elements; ele-1; siblings of primitives."""
        required = False
        for owner, element in own:
            if element.min and not element.choice:
                required = True
                names = [attribute(element.name), *(pair[1] for pair in self._siblings(owner, element))]
                yield f"    if {' and '.join(f's.{name} is None' for name in names)}:"
                yield "        return False"
        if not required and model.kind != "resource":
            names = [n for owner, element in own if element.name != "id" for n in self._attributes(owner, element)]
            order = sorted(names, key=lambda name: name.startswith("_") or "xtension" in name)
            yield f"    if {' and '.join(f's.{name} is None' for name in order)}:"
            yield "        return False"
        yield from self._sibling_check(own)

    def _sibling_check(self, own: list[tuple[TypeModel, ElementModel]]) -> Iterator[str]:
        pairs = [pair for owner, element in own for pair in self._siblings(owner, element)]
        if not pairs:
            return
        groups = [
            [(attribute(_member(e, t)), f"_{_member(e, t)}" if self._primitive(t) else "id") for t in e.types]
            for _, e in own
            if e.choice
        ]
        yield f"    if {' or '.join(f's.{sibling} is not None' for _, sibling in pairs)}:"
        yield f"        if not siblings(s, {_nested(pairs)}, c_Element, r, o, d + 1):"
        yield "            return False"
        for group in groups:
            given = [(a, b) for a, b in group if b != "id"]
            if given:
                plain = [a for a, b in group if b == "id"]
                yield f"        if not one_of(s, {_nested(given)}, {tuple_of(plain)}):"
                yield "            return False"

    def _primitive(self, name: str) -> bool:
        return self.models[name].kind == "primitive"

    def _attributes(self, owner: TypeModel, element: ElementModel) -> Iterator[str]:
        for name in element.types:
            yield attribute(_member(element, name))
        yield from (sibling for _, sibling in self._siblings(owner, element))

    def _choice(self, owner: TypeModel, element: ElementModel) -> Iterator[str]:
        yield "    n = 0"
        for name in element.types:
            yield f"    if (v := s.{attribute(_member(element, name))}) is not None:"
            yield "        n += 1"
            yield from (f"        {line}" for line in self._value(owner, element, name, "v"))
        siblings = [f"s.{sibling} is None" for _, sibling in self._siblings(owner, element)]
        if element.min:
            yield f"    if n > 1 or ({' and '.join(['n == 0', *siblings])}):"
        else:
            yield "    if n > 1:"
        yield "        return False"

    def _single(self, owner: TypeModel, element: ElementModel) -> Iterator[str]:
        name = element.types[0]
        attr = attribute(element.name)
        if element.max == 1:
            lines = list(self._value(owner, element, name, "v"))
            if not lines:
                return
            yield f"    if (v := s.{attr}) is not None:"
            yield from (f"        {line}" for line in lines)
            return
        yield f"    if (v := s.{attr}) is not None:"
        limit = f" or len(v) > {element.max}" if element.max else ""
        yield f"        if not v{limit}:"
        yield "            return False"
        primitive = self._primitive(name)
        if primitive:
            yield f"        if s._{element.name} is None and None in v:"
            yield "            return False"
        lines = list(self._value(owner, element, name, "x"))
        if lines:
            yield "        for x in v:"
            if primitive:
                yield "            if x is None:"
                yield "                continue"
            yield from (f"            {line}" for line in lines)

    def _value(self, owner: TypeModel, element: ElementModel, name: str, v: str) -> Iterator[str]:
        """Lines that return False when the value *v* of type *name* is wrong."""
        wrong = self._wrong(element, name, v)
        if f"{owner.name}.{element.name}" in self.places:
            wrong.append(f'not RULES["{owner.name}.{element.name}"]({v}, r, o)')
        if wrong:
            yield f"if {' or '.join(f'({w})' if ' and ' in w else w for w in wrong)}:"
            yield "    return False"

    def _wrong(self, element: ElementModel, name: str, v: str) -> list[str]:
        if name == "Resource":
            root = f"{v}, o" if element.name == "contained" else f"{v}, {v}"
            return [f"not CHECKS[type({v}).__name__]({v}, {root}, e)"]
        if self._primitive(name):
            if name == "code" and element.binding:
                return [WRONG_BY_RULE[element.binding].format(v=v)] if element.binding in WRONG_BY_RULE else []
            return [WRONG[name].format(v=v)] if name in WRONG else []
        found = [f"not c_{class_name(name)}({v}, r, o, e)"]
        if name == "Reference" and element.targets:
            allowed = self.targets.setdefault(element.targets, f"T{len(self.targets)}")
            found.append(
                f'((t := {v}.reference) is None or t[: t.find("/")] not in {allowed}) and not points_to({v}, {allowed})'
            )
        if name in {"CodeableConcept", "Coding"} and element.binding:
            url = text(element.binding)
            rule = "in_system" if element.binding in BY_RULE else "in_value_set"
            found.append(f"not {rule}({v}, {url})")
        return found

    def _extension(self, model: TypeModel) -> Iterator[str]:
        """Extension has a choice of fifty types: count what is given at once, then look for the value by frequency."""
        value = next(e for e in model.elements if e.choice)
        yield "def c_Extension(s: Any, r: Any, o: Any, d: int) -> bool:"
        yield "    if d > MAX_DEPTH:"
        yield "        return False"
        yield "    if (v := s.url) is None or v.split() != [v]:"
        yield "        return False"
        yield "    given = astuple(s)"
        yield "    if len(given) - given.count(None) != (2 if s.id is None else 3):"
        yield "        return False  # none, two, or a value with extensions of its own: for the thorough look"
        yield "    e = d + 1"
        yield "    if (v := s.extension) is not None:"
        yield "        if not v:"
        yield "            return False"
        yield "        for x in v:"
        yield "            if not c_Extension(x, r, o, e):"
        yield "                return False"
        order = {name: place for place, name in enumerate(FREQUENT)}
        for name in sorted(value.types, key=lambda n: order.get(n, len(order))):
            yield f"    elif (v := s.{_member(value, name)}) is not None:"
            lines = list(self._value(model, value, name, "v"))
            yield from (f"        {line}" for line in lines or ["pass"])
        yield "    else:"
        yield "        return False"
        yield "    return True"


def checks(models: Mapping[str, TypeModel]) -> dict[str, str]:
    """Write the package of checks: a core of what stands everywhere, and a module for each type beyond it."""
    writer = Writer(models)
    core = _core(models)
    made = {"core.py": writer.module(core)}
    for name in models:
        if "." in name or name in core or models[name].kind == "primitive" or name in _UNUSED:
            continue
        parts = [part for part in models if part == name or part.startswith(f"{name}.")]
        made[f"{name.lower()}.py"] = writer.module(parts, {*core, *_STANDALONE} - {name})
    made["__init__.py"] = _package(models)
    return made


# Elements are of more special types than these.
_UNUSED: Final = frozenset({"BackboneElement"})


def _core(models: Mapping[str, TypeModel]) -> list[str]:
    """Types that stand in extensions or in every resource, with all they hold: they check each other."""
    found: set[str] = set()
    waiting = ["Element", "Extension", "Resource", "DomainResource"]
    while waiting:
        name = waiting.pop()
        if name in found or models[name].kind == "primitive" or name in _UNUSED:
            continue
        found.add(name)
        step: str | None = name
        while step:
            waiting += [t for e in models[step].elements for t in e.types]
            step = models[step].base
    return [name for name in models if name in found]


def _core_import(names: Iterable[str]) -> list[str]:
    by_module: dict[str, list[str]] = {}
    for name in names:
        root = name.partition(".")[0]
        module = root.lower() if root in _STANDALONE else "core"
        by_module.setdefault(module, []).append(name)
    lines = []
    for module, found in sorted(by_module.items()):
        lines += [f"from xinglin.fhir.r4.checks.{module} import (", *(f"    c_{class_name(n)}," for n in found), ")"]
    return lines


# Datatypes that only some resources use; each has a module of its own.
_STANDALONE: Final = (
    "ElementDefinition",
    "MarketingStatus",
    "Population",
    "ProdCharacteristic",
    "ProductShelfLife",
    "SubstanceAmount",
)


def _package(models: Mapping[str, TypeModel]) -> str:
    resources = sorted(m.name for m in models.values() if m.kind == "resource" and not m.abstract)
    lines = [
        f'"""Checks of the R4 types beyond what decoding does; {HEADER}.',
        "",
        "A function answers True only when the value is sound; what it refuses gets a thorough look for the faults.",
        "Arguments: the value, its resource, the resource that contains that, the depth in objects.",
        '"""',
        "",
        "from importlib import import_module",
        "from typing import Final",
        "",
        "from xinglin.fhir.checking import Check",
        "",
        "RESOURCES: Final = frozenset({",
        *(f'    "{name}",' for name in resources),
        "})",
        "",
        "",
        "class _Checks(dict[str, Check]):",
        '    """By resource type; a module is loaded when its type is first met."""',
        "",
        "    def __missing__(self, name: str) -> Check:",
        "        if name not in RESOURCES:",
        "            raise KeyError(name)",
        '        module = import_module(f"xinglin.fhir.r4.checks.{name.lower()}")',
        '        check: Check = getattr(module, f"c_{name}")',
        "        self[name] = check",
        "        return check",
        "",
        "",
        "CHECKS: Final = _Checks()",
        "",
    ]
    return "\n".join(lines)


_PRIMITIVES: Final = "CURRENCY DATE DATE_TIME ID INSTANT MIME_TYPE OID TIME UUID is_base64 is_number"
_IMPORTS: Final = (
    ("Decimal", "from decimal import Decimal"),
    ("Any", "from typing import Any"),
    ("astuple", "from msgspec.structs import astuple"),
    *(
        (name, f"from xinglin.fhir.checking import {name}")
        for name in ("MAX_DEPTH", "in_system", "in_value_set", "one_of", "points_to", "siblings")
    ),
    *((name, f"from xinglin.fhir.primitives import {name}") for name in _PRIMITIVES.split()),
    ("CHECKS", "from xinglin.fhir.r4.checks import CHECKS"),
    ("RULES", "from xinglin.fhir.rules import RULES"),
)


def _kept(constraints: Iterable[object]) -> bool:
    return any(getattr(c, "severity", "") == "error" and getattr(c, "key", "") not in INLINE for c in constraints)


def _member(element: ElementModel, name: str) -> str:
    return element.name + name[0].upper() + name[1:] if element.choice else element.name


def _nested(pairs: Iterable[tuple[str, str]]) -> str:
    return "(" + ", ".join(tuple_of(pair) for pair in pairs) + ",)"
