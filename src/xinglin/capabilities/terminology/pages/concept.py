"""One concept: its names, what stands above and below it, its properties, and what it is in other lists."""

from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.terminology import contract
from xinglin.capabilities.terminology.contract import Translate
from xinglin.capabilities.terminology.operations.given import day
from xinglin.capabilities.terminology.operations.lookup import unknown
from xinglin.capabilities.terminology.operations.translate import translate
from xinglin.capabilities.terminology.pages.find import row_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.concepts import Found, children, concept, path
from xinglin.store.terminology.systems import System, system_of, systems
from xinglin.web.view import Form, Language, View

BELOW: Final = 500


async def show(work: UnitOfWork, form: Form) -> View:
    """Show one concept of a version of its system, the one that counts now when none is named."""
    system = await system_of(work.executor, form["system"], form["version"])
    if system is None:
        raise OutcomeError(Issue("not-found", "system-unknown", text="The code system is not known here."))
    found = await concept(work.executor, system, form["code"])
    if found is None:
        raise OutcomeError(unknown(form["code"], system))
    today = day(work, "")
    below = await children(work.executor, system, found.code, count=BELOW)
    way = await path(work.executor, system, found.code)
    above = [row_of(step, form.language, today) for step in way]
    others = [one for one in found.parents if one not in {step.code for step in way}]
    return View(
        "terminology/concept.html",
        {
            "one": row_of(found, form.language, today),
            "found": found,
            "system": system,
            "names": [(one.get("language", ""), one["value"]) for one in found.designations if one.get("value")],
            "steps": [(f"{row.code} {row.name}", row.href) for row in above],
            "others": [(code, contract.concept_address(system.url, code)) for code in others],
            "below": [row_of(one, form.language, today) for one in below],
            "properties": [(p.get("code", ""), _said(p)) for p in found.properties if _said(p)],
            "maps": await _maps(work, found, form.language),
            "versions": await _versions(work, system, found),
            "more": f"{contract.DICTIONARY}?{urlencode({'system': system.url})}",
            "json": f"/fhir/CodeSystem/$lookup?{urlencode({'system': system.url, 'code': found.code})}",
        },
    )


def _said(one: Any) -> str:
    for name, value in one.items():
        if name == "valueCoding":
            return str(value.get("display") or value.get("code", ""))
        if name == "valueBoolean":
            return "✓" if value else "✗"
        if name.startswith("value"):
            return str(value)
    return ""


async def _maps(work: UnitOfWork, found: Found, language: Language) -> list[dict[str, str]]:
    """Give what the code is in other lists, with the names that they give it."""
    answer = await translate(work, Translate(code=found.code, system=found.system.url))
    made = []
    for part in answer.parameter or ():
        if part.name != "match":
            continue
        said = {one.name: one for one in part.part or ()}
        coding = said["concept"].valueCoding if "concept" in said else None
        if coding is None:
            continue
        system = await system_of(work.executor, coding.system or "")
        there = await concept(work.executor, system, coding.code or "") if system is not None else None
        made.append(
            {
                "equivalence": said["equivalence"].valueCode or "",
                "system": system.named(language) if system is not None else coding.system or "",
                "code": coding.code or "",
                "name": there.named(language) if there is not None else coding.display or "",
                "href": contract.concept_address(system.url, coding.code or "") if there and system else "",
            }
        )
    return made


async def _versions(work: UnitOfWork, system: System, found: Found) -> list[dict[str, Any]]:
    """Give the other versions of the system, with the name that the code has there."""
    made = []
    for one in await systems(work.executor, system.url):
        if one.sid == system.sid:
            continue
        there = await concept(work.executor, one, found.code)
        made.append(
            {
                "version": one.version,
                "since": one.since,
                "name": there.display if there is not None else "",
                "href": contract.concept_address(system.url, found.code, one.version) if there is not None else "",
            }
        )
    return made
