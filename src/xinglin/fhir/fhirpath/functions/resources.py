"""Functions on the tree and on FHIR data (http://hl7.org/fhirpath/N1/#tree-navigation, http://hl7.org/fhir/R4/fhirpath.html)."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from xinglin.fhir import narrative
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.signature import Function, each, truth
from xinglin.fhir.fhirpath.nodes import (
    Collection,
    Node,
    child,
    children,
    descend,
    is_fhir,
    is_primitive,
    root,
    to_system,
    type_info,
)
from xinglin.fhir.fhirpath.scope import Scope, one, string
from xinglin.fhir.fhirpath.tree import Expr
from xinglin.fhir.r4.elements import TYPES

Arguments = tuple[Expr, ...]
_DEFINITION: Final = "http://hl7.org/fhir/StructureDefinition/"


def _children(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [below for item in focus for below in children(item)]


def _descendants(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found: Collection = []
    for item in focus:
        found += descend(item)
    scope.run.spend(len(found))
    return found


def _type(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [type_info(item) for item in focus]


def _trace(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    name = string(scope.value(arguments[0]), "The name") or ""
    shown = focus
    if len(arguments) > 1:
        shown = [found for _, inner in each(scope, focus) for found in inner.value(arguments[1])]
    if scope.run.environment.trace is not None:
        scope.run.environment.trace(name, shown)
    return focus


def _extension(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    url = string(scope.value(arguments[0]), "The url")
    return [
        extension
        for item in focus
        for extension in child(item, "extension")
        if url is not None and getattr(extension.value, "url", None) == url
    ]


def _has_value(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return truth(len(focus) == 1 and _primitive_value(focus[0]) is not None)


def _primitive_value(item: Node) -> Node | None:
    if item.type.startswith("FHIR.") and not is_primitive(item.type[5:]):
        return None
    return to_system(item)


def _get_value(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found = _primitive_value(focus[0]) if len(focus) == 1 else None
    return [] if found is None else [found]


def _resolve(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    found: Collection = []
    for item in focus:
        target = item.value if isinstance(item.value, str) else getattr(item.value, "reference", None)
        if isinstance(target, str):
            found += _resolved(scope, item, target)
    return found


def _resolved(scope: Scope, item: Node, target: str) -> Collection:
    if target.startswith("#"):
        return _contained(item if item.parent is not None else scope.run.root_resource, target[1:])
    entry = _entry(scope.run.root_resource, target)
    if entry is not None:
        return [entry]
    hook = scope.run.environment.resolve
    found = None if hook is None else hook(target)
    return [] if found is None else [root(found)]


def _contained(item: Node | None, name: str) -> Collection:
    """Return the contained resource *name* of the outermost resource that is no Bundle; ``#`` is that resource."""
    holder: Node | None = item
    container: Node | None = None
    while holder is not None:
        if isinstance(holder.value, Struct) and is_fhir(holder.type, "Resource"):
            if holder.type == "FHIR.Bundle" and container is not None:
                break
            container = holder
        holder = holder.parent
    if container is None:
        return []
    if not name:
        return [container]
    return [found for found in child(container, "contained") if getattr(found.value, "id", None) == name]


def _entry(top: Node | None, target: str) -> Node | None:
    """Return the entry of a Bundle that *target* names, by full URL or by type and id."""
    if top is None or top.type != "FHIR.Bundle":
        return None
    for entry in child(top, "entry"):
        full = getattr(entry.value, "fullUrl", None)
        for resource in child(entry, "resource"):
            name = f"{resource.type[5:]}/{getattr(resource.value, 'id', None)}"
            if target in {full, name}:
                return resource
    return None


def _conforms_to(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item, profile = one(focus), string(scope.value(arguments[0]), "The profile")
    if item is None or profile is None:
        return []
    name = profile.removeprefix(_DEFINITION)
    if profile.startswith(_DEFINITION) and name in TYPES:
        return truth(is_fhir(item.type, name))
    hook = scope.run.environment.conforms_to
    found = hook(item.value, profile) if hook is not None and isinstance(item.value, Struct) else None
    if found is None:
        raise FhirPathError("execution", f"The profile {profile} is not known")
    return truth(found)


def _member_of(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item, url = one(focus), string(scope.value(arguments[0]), "The value set")
    hook = scope.run.environment.member_of
    if item is None or url is None or item.value is None:
        return []
    if hook is None:
        raise FhirPathError("execution", "There is no terminology to ask for memberOf()")
    return truth(hook(item.value, url))


def _subsumes(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return _subsumption(scope, one(focus), one(scope.value(arguments[0]), "The argument"))


def _subsumed_by(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return _subsumption(scope, one(scope.value(arguments[0]), "The argument"), one(focus))


def _subsumption(scope: Scope, wider: Node | None, narrower: Node | None) -> Collection:
    hook = scope.run.environment.subsumes
    if wider is None or narrower is None:
        return []
    if hook is None:
        raise FhirPathError("execution", "There is no terminology to ask for subsumption")
    return truth(hook(wider.value, narrower.value))


def _html_checks(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    item = one(focus)
    if item is None or not isinstance(item.value, str):
        return []
    return truth(narrative.fault(item.value) is None)


def _check_modifiers(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    known = {string(scope.value(argument), "The url") for argument in arguments}
    for item in focus:
        for extension in child(item, "modifierExtension"):
            url = getattr(extension.value, "url", None)
            if url not in known:
                raise FhirPathError("execution", f"The modifier extension {url} is not known")
    return focus


def _define_variable(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    name = string(scope.value(arguments[0]), "The name")
    if name is None:
        raise FhirPathError("execution", "A variable needs a name")
    if name in scope.variables or name in RESERVED or name in scope.run.environment.variables:
        raise FhirPathError("execution", f"The variable %{name} is defined already")
    scope.variables[name] = scope.on(focus).value(arguments[1]) if len(arguments) > 1 else focus
    return focus


# Names that the standard gives a meaning.
RESERVED: Final = frozenset({"context", "resource", "rootResource", "sct", "loinc", "ucum", "vs", "ext"})


FUNCTIONS: Final[Mapping[str, Function]] = {
    "children": Function(_children),
    "descendants": Function(_descendants),
    "type": Function(_type),
    "trace": Function(_trace, 1, 2),
    "extension": Function(_extension, 1, 1),
    "hasValue": Function(_has_value),
    "getValue": Function(_get_value),
    "resolve": Function(_resolve),
    "conformsTo": Function(_conforms_to, 1, 1),
    "memberOf": Function(_member_of, 1, 1),
    "subsumes": Function(_subsumes, 1, 1),
    "subsumedBy": Function(_subsumed_by, 1, 1),
    "htmlChecks": Function(_html_checks),
    "checkModifiers": Function(_check_modifiers, 0, None),
    "defineVariable": Function(_define_variable, 1, 2),
}
