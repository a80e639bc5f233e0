"""CodeSystem/$lookup and CodeSystem/$subsumes."""

from collections.abc import Iterator
from typing import Any

from xinglin.capabilities.terminology.contract import Lookup, Subsumes
from xinglin.capabilities.terminology.operations.given import codings, day, definition, parameters
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Parameters
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.concepts import Found, children, concept, subsumes
from xinglin.store.terminology.systems import System, system_of


async def lookup(work: UnitOfWork, given: Lookup) -> Parameters:
    """Tell everything about a code; OutcomeError 404 when the system or the code is not known."""
    (asked, *_) = codings(given.code, given.system, "", given.version, given.coding, None)
    on = day(work, given.date)
    system = await _system(work, asked.system, asked.version, given.date)
    found = await concept(work.executor, system, asked.code)
    if found is None:
        raise OutcomeError(unknown(asked.code, system))
    wanted = set(given.property)
    parts: list[dict[str, Any]] = [{"name": "name", "valueString": system.title}]
    if system.version:
        parts.append({"name": "version", "valueString": system.version})
    parts.append({"name": "display", "valueString": found.named(given.display_language) or found.code})
    if not wanted or "designation" in wanted:
        parts += [_designation(dict(one)) for one in found.designations]
    below = await children(work.executor, system, found.code) if not wanted or "child" in wanted else []
    for part in _properties(found, below, active=found.counts_on(on)):
        if not wanted or part["part"][0]["valueCode"] in wanted:
            parts.append(part)
    return parameters(parts)


async def compare(work: UnitOfWork, given: Subsumes) -> Parameters:
    """Say how two codes of one system stand to each other; OutcomeError 404 when one is not known."""
    url = given.system
    if given.id:
        document = await definition(work, "CodeSystem", id=given.id, url="", version="", value=None)
        url = (document or {}).get("url", "")
    (a, *_) = codings(given.code_a, url, "", given.version, given.coding_a, None)
    (b, *_) = codings(given.code_b, url, "", given.version, given.coding_b, None)
    if (a.system or url) != (b.system or url):
        raise OutcomeError(Issue("invalid", "two-systems", "codingB", "Both codes must be of one system."))
    system = await _system(work, a.system or url, a.version or given.version, "")
    one, other = await _known(work, system, a.code), await _known(work, system, b.code)
    if one == other:
        outcome = "equivalent"
    elif await subsumes(work.executor, system, one, other):
        outcome = "subsumes"
    elif await subsumes(work.executor, system, other, one):
        outcome = "subsumed-by"
    else:
        outcome = "not-subsumed"
    return parameters([{"name": "outcome", "valueCode": outcome}])


async def _known(work: UnitOfWork, system: System, code: str) -> str:
    """Give a code as its system writes it; OutcomeError 404 when it has none."""
    found = await concept(work.executor, system, code)
    if found is None:
        raise OutcomeError(unknown(code, system))
    return found.code


def unknown(code: str, system: System) -> Issue:
    """Say that a system does not have a code."""
    return Issue("not-found", "code-unknown", "code", f"There is no code {code[:80]!r} in {system.url}.")


async def _system(work: UnitOfWork, url: str, version: str, on: str) -> System:
    if not url:
        raise OutcomeError(Issue("required", "system-missing", "system", "Name the code system."))
    found = await system_of(work.executor, url, version, on=day(work, on) if on else None)
    if found is None or not (found.complete or found.concepts):
        raise OutcomeError(
            Issue("not-found", "system-unknown", "system", f"The code system {url[:200]} is not known here.")
        )
    return found


def _designation(one: dict[str, Any]) -> dict[str, Any]:
    parts = []
    if one.get("language"):
        parts.append({"name": "language", "valueCode": one["language"]})
    if one.get("use"):
        parts.append({"name": "use", "valueCoding": one["use"]})
    return {"name": "designation", "part": [*parts, {"name": "value", "valueString": one.get("value", "")}]}


def _properties(found: Found, below: list[Found], *, active: bool) -> Iterator[dict[str, Any]]:
    yield _property("inactive", {"valueBoolean": not active})
    if found.abstract:
        yield _property("abstract", {"valueBoolean": True})
    if found.definition:
        yield _property("definition", {"valueString": found.definition})
    for code in found.parents:
        yield _property("parent", {"valueCode": code})
    for one in below:
        yield _property("child", {"valueCode": one.code}, one.display)
    for given in found.properties:
        value = {name: each for name, each in given.items() if name.startswith("value")}
        if value:
            yield _property(str(given.get("code", "")), value)


def _property(code: str, value: dict[str, Any], description: str = "") -> dict[str, Any]:
    (held,) = value.values()
    parts: list[dict[str, Any]] = [{"name": "code", "valueCode": code}, {"name": "value", next(iter(value)): held}]
    if description:
        parts.append({"name": "description", "valueString": description})
    return {"name": "property", "part": parts}
