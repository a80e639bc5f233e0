"""Terms that are near or over are told to the security officers, each once before and once after."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from xinglin.capabilities.notifications.contract import NOTIFY_ROLE, RoleNotice
from xinglin.capabilities.privacy.contract import DUE, INCIDENT_CODE, REGISTER, RIGHTS_CODE, STATES
from xinglin.capabilities.privacy.operations.incidents import Terms, known_of
from xinglin.capabilities.privacy.rules import incidents, registers, rights
from xinglin.fhir.document import document_of
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.format import ZONE

OFFICER: Final = "security-admin"
MOST: Final = 500  # of each kind, the oldest first: what is beyond is told when these are done
SHORT: Final = timedelta(minutes=30)
SUMMARY_SOON: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Term:
    """Something with a last moment. about: reference. soon: told this long before."""

    about: str
    what: str
    until: datetime
    soon: timedelta


@cites("R7-005", "R7-008", "R7-011", "R7-019")
async def remind(terms: Terms, work: UnitOfWork) -> int:
    """Tell of terms; give how many. Asking again tells nothing twice."""
    told = 0
    for one in [term async for term in _terms(terms, work)]:
        if one.until - one.soon > work.now:
            continue
        over = "over" if one.until < work.now else "soon"
        shown = one.until.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
        key = f"privacy {one.about} {one.what} {over}"
        given = RoleNotice(DUE.code, OFFICER, parameters=(f"what={one.what}", f"due={shown}"), about=one.about, key=key)
        count: int = await work.platform.operate(NOTIFY_ROLE, given)
        told += bool(count)
    return told


async def _terms(terms: Terms, work: UnitOfWork) -> AsyncIterator[Term]:
    open_ = ",".join(f"{STATES.system}|{code}" for code in ("open", "handled"))
    found: dict[str, dict[str, str]] = {
        "incident": {"code": INCIDENT_CODE, "business-status": open_},
        "right": {"code": RIGHTS_CODE, "status": "requested"},
    }
    for kind, asked in found.items():
        page = await work.platform.find("Task", **asked, _sort="authored-on", _count=str(MOST))
        for row in page.matches:
            for one in (_incident if kind == "incident" else _right)(terms, document_of(row.body())):
                yield one
    page = await work.platform.find(
        "Basic", code=f"{REGISTER.system}|entrusted-processor", _sort="created", _count=str(MOST)
    )
    for row in page.matches:
        for one in _entrusted(document_of(row.body())):
            yield one


def _incident(terms: Terms, task: dict[str, Any]) -> Iterator[Term]:
    for left in incidents.due(known_of(task), critical=terms.critical):
        if left.until is not None:
            soon = SUMMARY_SOON if left.step == "summary" else SHORT
            yield Term(f"Task/{task['id']}", f"安全事件 · {left.step}", left.until, soon)


def _right(_terms: Terms, task: dict[str, Any]) -> Iterator[Term]:
    last = date.fromisoformat(task["restriction"]["period"]["end"])
    yield Term(f"Task/{task['id']}", "权利请求", _end_of(last), rights.SOON)


def _entrusted(document: dict[str, Any]) -> Iterator[Term]:
    fields = registers.fields_of(document)
    last = registers.day_of(fields.get("until", ""))
    if last is not None and not registers.is_ended(document):
        yield Term(f"Basic/{document['id']}", f"委托处理 · {fields.get('party', '')}", _end_of(last), registers.SOON)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZONE)
