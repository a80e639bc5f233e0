"""Look through what was written since the last time: streamed, in short transactions, safe to begin again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from msgspec import structs

from xinglin.capabilities.quality.contract import DOMAINS
from xinglin.capabilities.quality.operations import findings
from xinglin.capabilities.quality.rules import judging, validity
from xinglin.capabilities.quality.rules.case import LOINC, Case, Json, day, happened, is_stay
from xinglin.capabilities.quality.rules.front_page import WEIGHTS
from xinglin.capabilities.quality.rules.logic import BLOOD_GROUPS
from xinglin.fhir.document import document_of
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.store import quality
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.terminology.checking import Coded, known

PAGE: Final = 200
PARTS: Final = 500
# In one transaction; the rest is another's.
MOST: Final = 1_000
# What was written by a transaction that was still open at the last look.
OVERLAP: Final = timedelta(minutes=10)
BITS: Final[Mapping[str, int]] = {domain: 1 << place for place, domain in enumerate(DOMAINS)}
_PATIENT: Final = dict.fromkeys(
    (
        *("Encounter", "Condition", "Procedure", "Observation"),
        *("MedicationRequest", "DiagnosticReport", "Immunization"),
    ),
    "patient",
)
_VISIT: Final = {
    "Condition": "encounter",
    "Procedure": "encounter",
    "Observation": "encounter",
    "MedicationRequest": "encounter",
    "DiagnosticReport": "encounter",
    "ChargeItem": "context",
}
# What is asked of what was recorded under a stay; of observations weights and blood groups alone.
_UNDER: Final[Mapping[str, dict[str, str]]] = {
    "Condition": {},
    "Procedure": {},
    "ChargeItem": {},
    "Observation": {"code": ",".join(f"{LOINC}|{code}" for code in sorted(WEIGHTS | BLOOD_GROUPS))},
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to. done: nothing is left."""

    records: int = 0
    opened: int = 0
    resolved: int = 0
    done: bool = False

    def __add__(self, other: "Looked") -> "Looked":
        return Looked(
            self.records + other.records, self.opened + other.opened, self.resolved + other.resolved, other.done
        )


async def look(work: UnitOfWork, *, most: int = MOST) -> Looked:
    """Judge at least *most* records more, or all that are left; where it stands is kept with what was found.

    Looking again finds the same. Call it, each time in a transaction of its own, until it is done.
    """
    await work.lock("quality.look")
    total = Looked()
    for type in judging.TYPES:
        how = await quality.sought(work.executor, type)
        if how.token == quality.DONE:
            continue
        # A look that goes on keeps its beginning, to which the token is bound.
        since = how.since if how.token or how.last == quality.BEGINNING else how.last - OVERLAP
        token, last = how.token, how.last
        while token != quality.DONE:
            if total.records >= most:
                return total
            rows, included, following = await _page(work, type, since.isoformat(), token)
            total += await _judged(work, rows, included)
            last = max([last, *(row.ts for row in rows)])
            token = following or quality.DONE
            await quality.seek(work.executor, type, quality.Sought(since, last, token))
    total += await _gone(work)
    if total.done:
        await quality.rest(work.executor)
    return total


async def _page(work: UnitOfWork, type: str, since: str, token: str) -> tuple[Sequence[Row], Sequence[Row], str | None]:
    asked = [("_lastUpdated", f"ge{since}"), ("_sort", "_lastUpdated"), ("_count", str(PAGE))]
    asked += [("_include", f"{type}:{code}") for code in (_PATIENT.get(type), _VISIT.get(type)) if code]
    asked += [(TOKEN, token)] if token else []
    page = await work.platform.search(parse(type, asked, strict=True, base_url=work.door.base_url))
    return page.matches, page.included, page.next_token


async def _judged(work: UnitOfWork, rows: Sequence[Row], included: Sequence[Row]) -> Looked:
    """Judge one page, and the stays to which something on it belongs."""
    near = {f"{row.rt}/{row.id}": document_of(row.body()) for row in included}
    own = [document_of(row.body()) for row in rows]
    cases = [_case(work, one, near) for one in own if one["resourceType"] != "ChargeItem"]
    # Prescriptions and reports say nothing of a front page.
    asking = rows and rows[0].rt in {*_UNDER, "Encounter"}
    touched = {one["id"]: one for one in near.values() if asking and is_stay(one)}
    people = await _people(work, touched.values(), near)
    cases += [Case(one, work.now, people.get(_ref(one, "subject"), {})) for one in touched.values()]
    cases = await _with_parts(work, cases)
    if not cases:
        return Looked(len(rows))
    told = await _terminology(work, cases)
    found = {_of(case): (judging.owner(case), judging.judge(case, told.get(_of(case), ()))) for case in cases}
    kept = await findings.keep(work, found)
    await quality.judged(
        work.executor,
        [
            quality.Judged(
                case.type,
                str(case.resource["id"]),
                found[_of(case)][0],
                sum(BITS[one] for one in judging.domains(case.resource)),
            )
            for case in cases
        ],
    )
    return Looked(len(rows), kept.opened, kept.resolved)


def _of(case: Case) -> str:
    return f"{case.type}/{case.resource['id']}"


def _ref(resource: Json, member: str) -> str:
    return str((resource.get(member) or {}).get("reference", ""))


def _case(work: UnitOfWork, resource: dict[str, Any], near: Mapping[str, dict[str, Any]]) -> Case:
    if resource["resourceType"] == "Patient":
        return Case(resource, work.now, resource)
    whose = _ref(resource, "subject") or _ref(resource, "patient")
    return Case(resource, work.now, near.get(whose, {}), near.get(_ref(resource, "encounter"), {}))


async def _people(work: UnitOfWork, stays: Iterable[Json], near: Mapping[str, Json]) -> Mapping[str, Json]:
    """Give the patients of stays, those that a page did not bring too."""
    missing = {_ref(one, "subject") for one in stays} - near.keys()
    ids = sorted(one.removeprefix("Patient/") for one in missing if one.startswith("Patient/"))
    if not ids:
        return near
    page = await work.platform.find("Patient", _id=",".join(ids), _count=str(PARTS))
    return {**near, **{f"Patient/{row.id}": document_of(row.body()) for row in page.matches}}


async def _with_parts(work: UnitOfWork, cases: Sequence[Case]) -> list[Case]:
    """Give stays what was recorded under them; each record once."""
    once = {_of(case): case for case in cases}
    stays = [name for name, case in once.items() if is_stay(case.resource)]
    if not stays:
        return list(once.values())
    parts: dict[str, dict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
    for type, asked in _UNDER.items():
        member = _VISIT[type]
        more: dict[str, str] = {}
        while True:
            page = await work.platform.find(type, **{member: ",".join(stays), "_count": str(PARTS)}, **asked, **more)
            for row in page.matches:
                document = document_of(row.body())
                parts[_ref(document, member)][type].append(document)
            if page.next_token is None:
                break
            more = {TOKEN: page.next_token}
    for name in stays:
        once[name] = structs.replace(once[name], parts={type: tuple(found) for type, found in parts[name].items()})
    return list(once.values())


async def _terminology(work: UnitOfWork, cases: Sequence[Case]) -> dict[str, list[validity.Judged]]:
    """Ask the terminology about the codes of records, each on the day it was used; one question for each system.

    What counts today is sound; what does not is asked again for its own day.
    """
    asked = [
        (_of(case), Coded(one["system"], one["code"], one.get("display", ""), one.get("version", "")), _day(case))
        for case in cases
        for one in validity.asked(case)
    ]
    today = work.now.date()
    # The same few codes stand in many records.
    different = list(dict.fromkeys(coded for _, coded, _ in asked))
    verdicts = dict(zip(different, await known(work.executor, different, today), strict=True))
    found: dict[str, list[validity.Judged]] = defaultdict(list)
    for name, coded, on in asked:
        told = verdict = verdicts[coded]
        if verdict.state in {"retired", "not-yet"} and on != today:
            (told,) = await known(work.executor, [coded], on)
        if not told.is_sound:
            found[name].append(validity.Judged(coded.code, told.state))
    return found


def _day(case: Case) -> date:
    return day(happened(case.resource)) or case.now.date()


async def _gone(work: UnitOfWork) -> Looked:
    """Resolve what was found in records that were deleted since; open again what was not corrected by now."""
    names = await quality.gone(work.executor, PAGE)
    kept = await findings.keep(work, dict.fromkeys(names, ("", ())))
    again = await findings.reopen(work)
    return Looked(0, again, kept.resolved, done=len(names) < PAGE and again < findings.PAGE)
