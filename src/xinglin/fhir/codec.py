"""Bytes to structs and back: the fast way for what is sound, the thorough one that names every fault."""

from xinglin.fhir import fast, validate
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Resource
from xinglin.fhir.wire import encode, plain, to_dict

__all__ = ["decode", "encode", "to_dict"]


def decode(raw: bytes, expected: str | None = None) -> Resource:
    """Read one resource and check everything that R4 says about it.

    expected: the resource type that must stand there. Raises OutcomeError with all faults.
    """
    name = fast.type_of(raw)
    if name is not None and expected in {None, name}:
        resource = fast.sound(raw, name)
        if resource is not None:
            return resource
    return _thorough(raw, expected)


def _thorough(raw: bytes, expected: str | None) -> Resource:
    issues, resource = validate.look(plain(raw), expected)
    if not isinstance(resource, Resource) or any(issue.severity == "error" for issue in issues):
        raise OutcomeError(*issues or (Issue("structure", "unreadable", "", "the resource cannot be read"),))
    return resource
