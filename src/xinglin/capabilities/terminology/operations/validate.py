"""$validate-code: is this a code of the value set, or of the code system, and is its name right."""

from dataclasses import replace
from datetime import date
from typing import Any

from msgspec import to_builtins

from xinglin.capabilities.terminology.contract import ValidateInSet, ValidateInSystem
from xinglin.capabilities.terminology.operations.given import codings, day, definition, parameters
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Parameters
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.checking import Coded, Verdict, judge
from xinglin.store.terminology.concepts import Add, Found, concept, folded, number, same_code
from xinglin.store.terminology.keeping import concepts_of
from xinglin.store.terminology.members import Choice, Members, bound_systems, members, value_set
from xinglin.store.terminology.systems import System, system_of
from xinglin.store.terminology.words import plain


async def in_system(work: UnitOfWork, given: ValidateInSystem) -> Parameters:
    """Judge a code by its code system; OutcomeError 404 when the system is not known."""
    on = day(work, given.date)
    url = given.url
    if given.code_system is not None:
        return _in_given(given, on)
    if given.id:
        document = await definition(work, "CodeSystem", id=given.id, url="", version="", value=None)
        url = (document or {}).get("url", "")
    asked = codings(given.code, url, given.display, given.version, given.coding, given.codeable_concept)
    verdicts: list[tuple[Verdict, Found | None]] = []
    for one in asked:
        if url and one.system not in {"", url}:
            text = f"{one.system[:200]} is not the code system {url[:200]}."
            verdicts.append((Verdict(one, "unknown-code", message=text), None))
            continue
        coded = replace(one, system=one.system or url)
        if not coded.system:
            raise OutcomeError(Issue("required", "system-missing", "url", "Name the code system by url."))
        verdicts.append(await _judged(work, coded, on, abstract=given.abstract))
    return _answer(verdicts, given.display_language)


async def in_set(work: UnitOfWork, given: ValidateInSet) -> Parameters:
    """Judge a code by a value set; OutcomeError 404 when the value set, or a system in it, is not known."""
    on = day(work, given.date)
    document = await definition(
        work, "ValueSet", id=given.id, url="", version=given.value_set_version, value=given.value_set
    )
    if document is None:
        if not given.url:
            raise OutcomeError(Issue("required", "valueset-missing", "url", "Name the value set by url, or send it."))
        document = await value_set(work.executor, given.url, given.value_set_version)
    asked = codings(given.code, given.system, given.display, given.system_version, given.coding, given.codeable_concept)
    versions = {one.system: one.version for one in asked if one.version}
    held = await members(work.executor, document, Choice(on, versions))
    verdicts = [
        await _in_members(work, _with_system(one, held), held, on, document, abstract=given.abstract) for one in asked
    ]
    return _answer(verdicts, given.display_language)


def _with_system(one: Coded, held: Members) -> Coded:
    """Give a code without system the one system that the value set draws on, when it is one."""
    urls = {system.url for system in held.systems.values()} | {system for system, _ in held.loose}
    return replace(one, system=next(iter(urls))) if not one.system and len(urls) == 1 else one


async def _in_members(
    work: UnitOfWork, one: Coded, held: Members, on: date, document: dict[str, Any], *, abstract: bool
) -> tuple[Verdict, Found | None]:
    name = document.get("url", "that was sent")
    if not one.system:
        text = "The value set draws on several systems: say the system of the code."
        return Verdict(one, "unknown-code", message=text), None
    if (one.system, one.code) in held.loose:
        display = held.loose[one.system, one.code]
        if one.display and display and plain(one.display) != plain(display):
            text = f"The name of {one.code[:80]!r} is {display!r}, not {one.display[:80]!r}."
            return Verdict(one, "other-display", display, text), None
        return Verdict(one, "right", display), None
    system = next((system for system in held.systems.values() if system.url == one.system), None)
    if system is not None:
        add = Add(*held.add.args)
        condition = f"({held.condition}) AND {same_code(system, add([folded(system, one.code)]))}"
        if await number(work.executor, "", [system], condition=condition, add=add):
            found = await concept(work.executor, system, one.code)
            return judge(one, system, found, on, abstract=abstract), found
    text = f"The value set {name} does not hold {one.code[:80]!r} of {one.system[:200]}."
    return Verdict(one, "unknown-code", message=text), None


async def _judged(work: UnitOfWork, coded: Coded, on: date, *, abstract: bool) -> tuple[Verdict, Found | None]:
    system = await system_of(work.executor, coded.system, coded.version, on=on)
    if system is None or not (system.complete or system.concepts):
        codes = bound_systems().get(coded.system)
        if codes is None or coded.version:
            version = f"|{coded.version}" if coded.version else ""
            text = f"The code system {coded.system[:200]}{version[:40]} is not known here."
            raise OutcomeError(Issue("not-found", "system-unknown", "url", text))
        if coded.code in codes:
            return Verdict(coded, "right"), None
        text = f"There is no code {coded.code[:80]!r} in {coded.system}."
        return Verdict(coded, "unknown-code", message=text), None
    found = await concept(work.executor, system, coded.code)
    return judge(coded, system, found, on, abstract=abstract), found


def _in_given(given: ValidateInSystem, on: date) -> Parameters:
    """Judge a code by a code system that came with the question."""
    document = to_builtins(given.code_system)
    url, version = document.get("url", ""), document.get("version", "")
    caseless = document.get("caseSensitive") is False
    system = System(
        0, "", url, version, "", document.get("language", ""), None, "active",
        complete=True, concepts=1, caseless=caseless,
    )  # fmt: skip
    each = {
        folded(system, one.code): Found(
            system, one.code, one.display, one.parents, one.abstract, one.since, one.until, one.definition,
            one.designations, one.properties,
        )
        for one in concepts_of(document)
    }  # fmt: skip
    asked = codings(given.code, url, given.display, "", given.coding, given.codeable_concept)
    return _answer(
        [
            (judge(one, system, found, on, abstract=given.abstract), found)
            for one in asked
            for found in (each.get(folded(system, one.code)),)
        ],
        given.display_language,
    )


def _answer(verdicts: list[tuple[Verdict, Found | None]], language: str) -> Parameters:
    """Answer true when any coding is right; else say what is wrong with the first."""
    verdict, found = next(((v, f) for v, f in verdicts if v.state == "right"), verdicts[0])
    parts: list[dict[str, Any]] = [{"name": "result", "valueBoolean": verdict.state == "right"}]
    if verdict.message:
        parts.append({"name": "message", "valueString": verdict.message})
    display = found.named(language) if found is not None else verdict.display
    if display:
        parts.append({"name": "display", "valueString": display})
    return parameters(parts)
