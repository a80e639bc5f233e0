"""Opening a record: whose it is, as of when, for whom; and what stands around each of its pages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.access.contract import CARE, PAGE
from xinglin.capabilities.health_records.contract import OWN, RECORDS
from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, instant
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.banner import Banner, banner_of
from xinglin.web.brief import name
from xinglin.web.names import code_name
from xinglin.web.view import Form, Language, Rejected, View

# Who treats: they reach a record by a relation alone.
TREATING: Final = frozenset({"physician", "village-doctor", "nurse", "family-doctor"})


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose record is open. banner: of now; None when the record is shown as it was, and to the person."""

    record: Record
    patient: Document
    banner: Banner | None

    @property
    def id(self) -> str:
        """Give the patient's logical id."""
        return self.record.id

    @property
    def own(self) -> bool:
        """Tell whether the reader is the person, or acts for the person."""
        return is_own(self.record.work)

    @property
    def whole(self) -> bool:
        """Tell whether the reader treats the person, and so sees numbers and address whole (R7-034)."""
        return bool(TREATING & self.record.work.principal.roles)

    @property
    def base(self) -> str:
        """Give the path under which the reader finds pages of records."""
        return base_of(self.record.work)


def is_own(work: UnitOfWork) -> bool:
    """Tell residents from staff."""
    return bool(OWN.roles & work.principal.roles)


def base_of(work: UnitOfWork) -> str:
    """Give the path under which the reader finds pages of records."""
    return OWN.path if is_own(work) else RECORDS.path


@cites("R6-043", "HR-08")
async def opened(work: UnitOfWork, form: Form) -> Whose:
    """Open a record, or give a page that says why not: the same for what is not there and for what is not yours."""
    record = Record(work, form["id"], at_of(form))
    if is_own(work) and work.fhir.reach("search", "Condition").nothing:
        raise Rejected(View("health_records/prove.html", status=403))
    try:
        if record.at is not None or is_own(work):
            return Whose(record, await record.patient(), None)
        banner = await banner_of(work, record.id, form.language)
        return Whose(record, banner.document, banner)
    except OutcomeError as refused:
        if refused.issues[0].key == "not-then" and record.at is not None:
            told = {"at": show_as.stamp(record.at)[:16], "href": address(record.id, base_of(work))}
            raise Rejected(View("health_records/not_then.html", told, status=404)) from refused
        if refused.status != 404 or is_own(work):
            raise
        await work.door.refused(work.principal, "page", refused)
        emergency = f"{PAGE}?{urlencode({'patient': record.id})}" if CARE.roles & work.principal.roles else ""
        raise Rejected(View("health_records/unreached.html", {"emergency": emergency}, status=404)) from refused


def head(whose: Whose, form: Form, tab: str) -> dict[str, object]:
    """Give what every page of a record shows: whose it is, where one is, as of when."""
    record = whose.record
    names: list[dict[str, Any]] = whose.patient.get("name") or [{}]
    return {
        "id": record.id,
        "layout": f"health_records/{'own_about' if whose.own else 'about'}.html",
        "own": whose.own,
        "banner": whose.banner,
        "name": name(names[0]) or record.id,
        "facts": facts(whose.patient, record, form.language),
        "href": address(record.id, whose.base),
        "query": query_of(form),
        "at": "" if record.at is None else show_as.stamp(record.at)[:16],
        "at_field": "" if record.at is None else record.at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M"),
        "tab": tab,
    }


def facts(patient: Document, record: Record, language: Language) -> tuple[str, ...]:
    """Say sex, age and birth date."""
    born = str(patient.get("birthDate", ""))
    dead = str(patient.get("deceasedDateTime") or "")
    on = instant(dead) or record.at or record.work.now
    years = show_as.age(born, on.astimezone(ZONE).date(), language)
    sex = code_name(str(patient.get("gender", "")), language)
    return tuple(one for one in (sex, years, born) if one)


def at_of(form: Form) -> datetime | None:
    """Read ``?at=2025-06-01T00:00``: an instant in the region's time unless it names another; None without one."""
    text = form["at"].strip()
    if not text:
        return None
    found = instant(text)
    if found is None or found < datetime(1900, 1, 1, tzinfo=UTC):
        issue = Issue("invalid", "bad-moment", "http.at", f"{text[:40]} is no date and time like 2025-06-01T00:00.")
        raise OutcomeError(issue, status=400)
    return found


def query_of(form: Form) -> str:
    """Give the query that keeps the moment on the way to other pages of the record."""
    return f"?{urlencode({'at': form['at'].strip()})}" if form["at"].strip() else ""
